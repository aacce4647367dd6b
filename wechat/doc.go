// Package wechat speaks WeChat's language: calls made as a third-party platform ([Component]) or on behalf of an account
// ([Account]), the pushes WeChat sends ([ParseEnvelope], [ParsePush]), and what its error codes mean ([Error], tested with
// errors.Is). It keeps nothing: tokens come from a [TokenSource], and a call that meets a refused token asks it for
// another one and is repeated once. Nobody else needs to know that tokens expire.
//
// Facts are taken from the pages under https://developers.weixin.qq.com/doc/oplatform/ and
// https://developers.weixin.qq.com/doc/offiaccount/ (now /doc/service/).
//
// No token, secret, ticket or code is ever part of an error.
package wechat
