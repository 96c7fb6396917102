package export

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// FormatCredits writes micro-Credits as Credits: the shortest decimal that is exact,
// such as 2.500007, 3 or 0.
func FormatCredits(amount uint64) string {
	text := fmt.Sprintf("%d.%06d", amount/microCredits, amount%microCredits)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

const (
	microCredits = 1_000_000
	places       = 6 // decimal places of a Credit
)

var errAmount = errors.New("no amount of Credits: digits, at most 6 of them behind a point, below 2^63 micro-Credits")

// ParseCredits reads a decimal of Credits as micro-Credits. Zeros at either end are
// allowed; signs, separators and exponents are not.
func ParseCredits(text string) (uint64, error) {
	whole, fraction, point := strings.Cut(text, ".")
	if text == "" || point && fraction == "" || len(fraction) > places {
		return 0, errAmount
	}
	return ParseAmount(whole + fraction + strings.Repeat("0", places-len(fraction)))
}

// ParseAmount reads a decimal integer below 2^63: micro-Credits, a cycle, a time.
func ParseAmount(text string) (uint64, error) {
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0, errAmount
	}
	v, err := strconv.ParseUint(text, 10, 64)
	if err != nil || v > codec.MaxAmount {
		return 0, errAmount
	}
	return v, nil
}

// date is a day of the proleptic Gregorian calendar.
type date struct{ year, month, day uint64 }

const (
	msPerSecond = 1_000
	secondsADay = 86_400
)

// dateOf returns the day, UTC, of a number of days since 1970-01-01. The year is
// counted from March, so that the leap day is its last; 400 of them are an era.
func dateOf(days uint64) date {
	days += 719_468 // from 0000-03-01
	era, day := days/146_097, days%146_097
	year := (day - day/1_460 + day/36_524 - day/146_096) / 365
	day -= 365*year + year/4 - year/100
	month := (5*day + 2) / 153
	d := date{year: year + 400*era, month: month + 3, day: day - (153*month+2)/5 + 1}
	if d.month > 12 {
		d.month, d.year = d.month-12, d.year+1
	}
	return d
}

// FormatTime writes Unix seconds as FOCUS and RFC 3339 want them: UTC, to the second.
func FormatTime(seconds uint64) string {
	d, s := dateOf(seconds/secondsADay), seconds%secondsADay
	return fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", d.year, d.month, d.day, s/3600, s/60%60, s%60)
}

// formatMS writes Unix milliseconds as RFC 3339.
func formatMS(ms uint64) string {
	return fmt.Sprintf("%s.%03dZ", strings.TrimSuffix(FormatTime(ms/msPerSecond), "Z"), ms%msPerSecond)
}

// formatMonth writes the first moment of the month that is later months after d's.
func (d date) formatMonth(later uint64) string {
	n := d.year*12 + d.month - 1 + later
	return fmt.Sprintf("%04d-%02d-01T00:00:00Z", n/12, n%12+1)
}
