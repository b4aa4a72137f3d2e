package locate

import "math"

// cholesky replaces the lower triangle of the first n rows of a symmetric matrix by its factor. Rows after n are solved against it:
// row k becomes that of the factor of the whole, without the part of those rows among themselves. It returns the logarithm of
// the determinant of the first n rows. stride is the length of a row; the matrix is positive definite by construction.
func cholesky(m []float64, n, rows, stride int) (logDet float64) {
	for i := range rows {
		row := m[i*stride : i*stride+stride]
		for j := range min(i+1, n) {
			other := m[j*stride : j*stride+stride]
			sum := row[j]
			for k := range j {
				sum -= row[k] * other[k]
			}
			if j < i {
				row[j] = sum / other[j]
				continue
			}
			row[j] = math.Sqrt(math.Max(sum, 1e-9))
			logDet += 2 * math.Log(row[j])
		}
	}
	return logDet
}

// columns is how many right-hand sides forward solves at once: distance, and four of the antenna.
const columns = 5

// forward solves the first n rows of a factor against b, in place, and subtracts their part from the rows after n. b has
// columns values a row. All columns are done at once: they do not wait for each other.
func forward(factor []float64, b [][columns]float64, n, stride int) {
	for i := range b {
		m := min(i, n)
		row := factor[i*stride : i*stride+m]
		done := b[:m]
		s := b[i]
		for j, a := range row {
			w := &done[j]
			s[0] -= a * w[0]
			s[1] -= a * w[1]
			s[2] -= a * w[2]
			s[3] -= a * w[3]
			s[4] -= a * w[4]
		}
		if i < n {
			inverse := 1 / factor[i*stride+i]
			for c := range s {
				s[c] *= inverse
			}
		}
		b[i] = s
	}
}

// forwardOne is forward for one column.
func forwardOne(factor, b []float64, n, stride int) {
	for i := range b {
		m := min(i, n)
		row := factor[i*stride : i*stride+m]
		done := b[:m]
		var s0, s1 float64
		j := 0
		for ; j+1 < m; j += 2 {
			s0 += row[j] * done[j]
			s1 += row[j+1] * done[j+1]
		}
		if j < m {
			s0 += row[j] * done[j]
		}
		b[i] -= s0 + s1
		if i < n {
			b[i] /= factor[i*stride+i]
		}
	}
}
