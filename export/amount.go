package export

import (
	"errors"
	"strconv"
	"strings"

	"github.com/forgepool/settle/codec"
)

// FormatCredits writes micro-Credits as Credits: the shortest decimal that is exact,
// such as 2.500007, 3 or 0.
func FormatCredits(amount uint64) string { return string(appendDecimal(nil, amount)) }

// appendDecimal appends millionths as the shortest exact decimal.
func appendDecimal(b []byte, amount uint64) []byte {
	b = strconv.AppendUint(b, amount/microCredits, 10)
	fraction, digits := amount%microCredits, places
	if fraction == 0 {
		return b
	}
	for ; fraction%10 == 0; digits-- {
		fraction /= 10
	}
	return appendDigits(append(b, '.'), fraction, digits)
}

// appendMillionths is appendDecimal with a sign.
func appendMillionths(b []byte, amount int64) []byte {
	if amount < 0 {
		return appendDecimal(append(b, '-'), uint64(-amount))
	}
	return appendDecimal(b, uint64(amount))
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
func FormatTime(seconds uint64) string { return string(appendTime(nil, seconds)) }

func appendTime(b []byte, seconds uint64) []byte {
	d, s := dateOf(seconds/secondsADay), seconds%secondsADay
	b = appendDigits(b, d.year, 4)
	b = appendDigits(append(b, '-'), d.month, 2)
	b = appendDigits(append(b, '-'), d.day, 2)
	b = appendDigits(append(b, 'T'), s/3600, 2)
	b = appendDigits(append(b, ':'), s/60%60, 2)
	return append(appendDigits(append(b, ':'), s%60, 2), 'Z')
}

// appendDigits appends a number with at least so many digits.
func appendDigits(b []byte, n uint64, digits int) []byte {
	for least, i := uint64(10), 1; i < digits; least, i = 10*least, i+1 {
		if n < least {
			b = append(b, '0')
		}
	}
	return strconv.AppendUint(b, n, 10)
}

// appendMS appends Unix milliseconds as RFC 3339.
func appendMS(b []byte, ms uint64) []byte {
	b = appendTime(b, ms/msPerSecond)
	return append(appendDigits(append(b[:len(b)-1], '.'), ms%msPerSecond, 3), 'Z')
}

// monthAfter returns the first moment, in Unix seconds, of the month after a day.
func monthAfter(d date) uint64 {
	d.month, d.day = d.month+1, 1
	if d.month > 12 {
		d.month, d.year = 1, d.year+1
	}
	return daysTo(d) * secondsADay
}

// daysTo returns the days from 1970-01-01 to a day not before it: the reverse of dateOf.
func daysTo(d date) uint64 {
	if d.month <= 2 {
		d.month, d.year = d.month+12, d.year-1
	}
	era, year := d.year/400, d.year%400
	day := (153*(d.month-3)+2)/5 + d.day - 1
	return era*146_097 + year*365 + year/4 - year/100 + day - 719_468
}
