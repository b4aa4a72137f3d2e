package locate

import "math"

// logBelow is the logarithm of the probability that a Gaussian vector of n values lies below its limits in every coordinate. mean is
// turned into limit minus mean by the caller: gap. v is the covariance, row by row; only its lower triangle is read, and both are
// overwritten.
//
// One coordinate after the other is conditioned on being below its limit, and what remains is taken for a Gaussian of the right
// mean and covariance: assumed density filtering, the first sweep of expectation propagation (Minka 2001; for this use Mendell and
// Elston 1974). TestLogBelow compares it with random draws.
func logBelow(gap, v []float64, n, stride int) float64 {
	sum := 0.0
	for k := range n {
		variance := v[k*stride+k]
		sd := math.Sqrt(variance)
		alpha := gap[k] / sd
		logp, hazard := logNormal(alpha)
		sum += logp
		if hazard < 1e-9 {
			continue // as good as certain: it tells nothing of the others
		}
		shift := hazard / sd
		shrink := hazard * (hazard + alpha) / variance
		for i := k + 1; i < n; i++ {
			c := v[i*stride+k]
			gap[i] += c * shift
			row := v[i*stride : i*stride+i+1]
			c *= shrink
			for j := k + 1; j <= i; j++ {
				row[j] -= c * v[j*stride+k]
			}
			row[i] = math.Max(row[i], 1e-6)
		}
	}
	return sum
}

// logNormal is the logarithm of the normal distribution function, and its derivative.
func logNormal(a float64) (logp, hazard float64) {
	if a < -25 { // Abramowitz and Stegun 26.2.12
		i := 1 / (a * a)
		return -0.5*a*a - math.Log(-a) - 0.5*math.Log(2*math.Pi) - i, -a * (1 + i)
	}
	p := 0.5 * math.Erfc(-a/math.Sqrt2)
	return math.Log(p), math.Exp(-0.5*a*a) / (math.Sqrt(2*math.Pi) * p)
}
