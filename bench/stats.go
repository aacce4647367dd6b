package main

import (
	"math"
	"slices"
)

// median of the values; not a number if there are none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	v := slices.Sorted(slices.Values(values))
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}

// ratios divides pairs that were measured one after the other.
func ratios(ours, floor []float64) []float64 {
	out := make([]float64, min(len(ours), len(floor)))
	for i := range out {
		out[i] = ours[i] / floor[i]
	}
	return out
}
