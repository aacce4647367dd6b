// Package crypto holds two locks, as pure functions: the message envelope of WeChat and WeCom ([Open], [Seal], [Sign],
// [Verify]) and secrets at rest ([Vault]). It takes bytes and gives bytes or an error; it neither logs, nor keeps state
// between calls, nor knows anything of the rest of the program. Nothing here panics on any input, and no key, secret or
// plaintext is ever part of an error or of what fmt and slog print.
package crypto
