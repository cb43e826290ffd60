package ovf

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// quantity multiplies an amount with its unit, exactly. unit is "" for the
// element's default, given in bytes.
func quantity(amount, unit string, otherwise int64) (int64, error) {
	n, err := wholeNumber(amount)
	if err != nil {
		return 0, err
	}
	factor := otherwise
	if strings.TrimSpace(unit) != "" {
		if factor, err = Bytes(unit); err != nil {
			return 0, err
		}
	}
	return times(n, factor)
}

// wholeNumber reads an amount: digits, perhaps with a fraction of zeros.
func wholeNumber(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if whole, fraction, ok := strings.Cut(s, "."); ok && whole != "" && strings.Trim(fraction, "0") == "" {
		s = whole
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "+"), 10, 64)
	switch {
	case err != nil && digitsOnly(strings.TrimPrefix(s, "+")):
		return 0, fmt.Errorf("%s is too large a number", Display(s))
	case err != nil:
		return 0, fmt.Errorf("%s is not a whole number", Display(s))
	case n < 0:
		return 0, fmt.Errorf("%s is negative", Display(s))
	}
	return n, nil
}

func digitsOnly(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// Bytes returns the bytes that one of a unit is. It reads programmatic units
// (DSP0004, annex C) whose base is the byte or the bit, like "byte * 2^20" or
// "byte*1024*1024", with any spacing, and the words that tools write instead,
// like "MegaBytes" and "GB", which mean powers of 1024 there. A unit that isn't
// a whole number of bytes, isn't one of storage, or is beyond an int64, fails.
func Bytes(unit string) (int64, error) {
	factors := strings.Split(strings.ToLower(unit), "*")
	base, ok := baseUnit(strings.TrimSpace(factors[0]))
	if !ok {
		return 0, fmt.Errorf("the unit %s is not one of bytes", Display(unit))
	}
	total := base
	for _, f := range factors[1:] {
		n, err := power(f)
		if err != nil {
			return 0, fmt.Errorf("the unit %s is not understood", Display(unit))
		}
		if total, err = times(total, n); err != nil {
			return 0, fmt.Errorf("the unit %s is too large", Display(unit))
		}
	}
	if total%8 != 0 {
		return 0, fmt.Errorf("the unit %s is not a whole number of bytes", Display(unit))
	}
	return total / 8, nil
}

// baseUnit returns the bits of a base unit, in lower case.
func baseUnit(word string) (int64, bool) {
	switch word {
	case "bit", "bits":
		return 1, true
	case "byte", "bytes", "b":
		return 8, true
	}
	for i, prefix := range []string{"kilo", "mega", "giga", "tera", "peta"} {
		short := prefix[:1]
		switch word {
		case prefix + "byte", prefix + "bytes", short + "b", short + "ib",
			prefix[:2] + "bibyte", prefix[:2] + "bibytes":
			return 8 << (10 * (i + 1)), true
		}
	}
	return 0, false
}

// power reads a factor: "1024", "2^20", "10 ^ 6".
func power(f string) (int64, error) {
	mantissa, exponent, hasExponent := strings.Cut(f, "^")
	n, err := wholeNumber(mantissa)
	if err != nil || !hasExponent {
		return n, err
	}
	e, err := wholeNumber(exponent)
	if err != nil {
		return 0, err
	}
	if e > 63 {
		return 0, fmt.Errorf("the exponent %d is too large", e)
	}
	total := int64(1)
	for range e {
		if total, err = times(total, n); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// times multiplies two numbers that are not negative.
func times(a, b int64) (int64, error) {
	if a != 0 && b > math.MaxInt64/a {
		return 0, fmt.Errorf("%d times %d is too large", a, b)
	}
	return a * b, nil
}
