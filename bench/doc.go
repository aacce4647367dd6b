// Command bench measures the built program over HTTP and holds it against
// floors and baselines that run interleaved in the same run. It prints one
// table of ratios and keeps it in bin/bench.md and bin/bench.json.
//
//	go run ./bench                 everything, about ten minutes
//	go run ./bench -only push,send some stages
//	go run ./bench -profile        also records where the time goes (perf)
//
// Started with a word it plays one of the programs beside the measured one:
// "bare" (the floor of the push endpoint), "vendor" (a lean WeChat that renews
// tokens), "sim" (the simulator). It runs on Linux only; see README.md for
// what makes such figures lie and what is done about it.
package main
