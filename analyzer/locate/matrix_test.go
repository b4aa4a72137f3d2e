package locate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// covariance is a random one of n values that are as correlated as levels along a street.
func covariance(rng *rand.Rand, n int, spacing float64) []float64 {
	v := make([]float64, n*n)
	for i := range n {
		for j := range n {
			v[i*n+j] = 64*math.Exp(-math.Abs(float64(i-j))*spacing/50) + 30
		}
		v[i*n+i] += 4 + rng.Float64()
	}
	return v
}

// The first sweep agrees with draws: to 0.1 in the logarithm for independent directions, and to a few tenths where a dozen values share
// their shadowing, which is less than one decibel of one sample.
func TestLogBelow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 12 {
		n := 2 + rng.IntN(11)
		spacing := 10 + 90*rng.Float64()
		cov := covariance(rng, n, spacing)
		gap := make([]float64, n)
		for i := range gap {
			gap[i] = 6 * (rng.Float64()*2 - 0.7)
		}
		factor := append([]float64(nil), cov...)
		cholesky(factor, n, n, n)
		const draws = 40000
		below := 0
		z := make([]float64, n)
		for range draws {
			in := true
			for i := 0; i < n; i++ {
				z[i] = rng.NormFloat64()
				x := 0.0
				for j := range i + 1 {
					x += factor[i*n+j] * z[j]
				}
				in = in && x < gap[i]
			}
			if in {
				below++
			}
		}
		got := logBelow(append([]float64(nil), gap...), cov, n, n)
		require.InDelta(t, math.Log(float64(below)/draws), got, 0.25, "%d values, %.0f m apart: %v", n, spacing, gap)
	}
}

func TestLogNormal(t *testing.T) {
	for _, a := range []float64{-40, -25.001, -24.999, -8, -1, 0, 1, 8, 40} {
		logp, hazard := logNormal(a)
		require.False(t, math.IsNaN(logp) || math.IsInf(logp, 0) || math.IsNaN(hazard), "%g", a)
		up, _ := logNormal(a + 1e-4)
		down, _ := logNormal(a - 1e-4)
		require.InEpsilon(t, (up-down)/2e-4+1, hazard+1, 1e-3, "the hazard is the derivative at %g", a)
	}
}

// forward and cholesky agree with multiplying back.
func TestForward(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, rows = 6, 9
	cov := covariance(rng, rows, 30)
	factor := append([]float64(nil), cov...)
	logDet := cholesky(factor, n, rows, rows)
	det := 0.0
	for i := range n {
		det += 2 * math.Log(factor[i*rows+i])
		for j := range i + 1 {
			sum := 0.0
			for k := range j + 1 {
				sum += factor[i*rows+k] * factor[j*rows+k]
			}
			require.InDelta(t, cov[i*rows+j], sum, 1e-9)
		}
	}
	require.InDelta(t, det, logDet, 1e-9)
	b := make([][columns]float64, rows)
	one := make([]float64, rows)
	for i := range b {
		for c := range columns {
			b[i][c] = rng.NormFloat64()
		}
		one[i] = b[i][2]
	}
	before := append([][columns]float64(nil), b...)
	forward(factor, b, n, rows)
	forwardOne(factor, one, n, rows)
	for i := range b {
		require.InDelta(t, b[i][2], one[i], 1e-9)
		sum := 0.0
		for k := range min(i+1, n) {
			sum += factor[i*rows+k] * b[k][4]
		}
		if i >= n {
			sum += b[i][4]
		}
		require.InDelta(t, before[i][4], sum, 1e-9)
	}
}
