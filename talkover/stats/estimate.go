package stats

import "math"

// Interval is where a figure lies with a confidence of 95 %.
type Interval struct{ Low, High float64 }

// The pages of a sample are clusters: neighbouring calls are alike, so a hundred
// calls of one page say less than a hundred from all over the log. Both estimates
// below look at how pages differ, as in Cochran, Sampling Techniques (3rd ed.),
// chapters 6 and 9.

// part is what one page of a sample brings to a ratio.
type part struct{ y, x float64 }

// estimateRatio estimates sum(y)/sum(x) over a log of which the parts are a
// sample, a share f of it. The interval is the ratio estimator's: t standard
// errors, from the residuals of the parts, with the finite-population factor.
func estimateRatio(parts []part, f float64) (float64, Interval, bool) {
	r, se, m, ok := ratioAndError(parts, f)
	if !ok {
		return 0, Interval{}, false
	}
	d := student(m-1) * se
	return r, Interval{max(r-d, 0), r + d}, true
}

// estimateShare is estimateRatio for a share of calls, which lies between 0 and
// 1 and may be rare: the interval is Wilson's score interval with continuity
// correction (Newcombe 1998, method 4), with t in place of z, at the effective size
// of the sample after Kish, n = p(1-p)/se^2, which is held between the number of
// pages that say something and that of calls.
func estimateShare(parts []part, f float64) (float64, Interval, bool) {
	p, se, m, ok := ratioAndError(parts, f)
	if !ok {
		return 0, Interval{}, false
	}
	var calls float64
	for _, q := range parts {
		calls += q.x
	}
	n := float64(m)
	if se > 0 {
		n = min(max(p*(1-p)/(se*se), n), calls)
	}
	t := student(m - 1)
	tt := t * t
	low := (2*n*p + tt - 1 - t*math.Sqrt(max(tt-2-1/n+4*p*(n*(1-p)+1), 0))) / (2 * (n + tt))
	high := (2*n*p + tt + 1 + t*math.Sqrt(max(tt+2-1/n+4*p*(n*(1-p)-1), 0))) / (2 * (n + tt))
	return p, Interval{min(max(low, 0), p), max(min(high, 1), p)}, true
}

// ratioAndError is the ratio, its standard error, and how many parts say something
// of it: those in which there is any of y, or else of x, of which there must be two.
func ratioAndError(parts []part, f float64) (r, se float64, m int, ok bool) {
	var y, x float64
	some := 0
	for _, p := range parts {
		y += p.y
		x += p.x
		if p.x > 0 {
			m++
		}
		if p.y > 0 {
			some++
		}
	}
	if m < 2 {
		return 0, 0, m, false
	}
	if some > 0 {
		m = max(some, 2)
	}
	r = y / x
	var squares float64
	for _, p := range parts {
		e := p.y - r*p.x
		squares += e * e
	}
	n := float64(m)
	return r, math.Sqrt(max(1-f, 0)*n/(n-1)*squares) / x, m, true
}

// student is the 97.5 % quantile of Student's t with n degrees of freedom, by the
// Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5), which is right to two
// decimals from n = 4.
func student(n int) float64 {
	const z = 1.959964
	v := float64(max(n, 1))
	return z + (z*z*z+z)/(4*v) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*v*v) +
		(3*math.Pow(z, 7)+19*math.Pow(z, 5)+17*z*z*z-15*z)/(384*v*v*v)
}
