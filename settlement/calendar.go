package settlement

import "github.com/forgepool/settle/codec"

// lastMonth is the last month that has a number: December 9999.
const lastMonth = 9999_12

// NextCycle returns the cycle after one: the next number, or the following month. It
// reports false when there is none.
func NextCycle(numbering, cycle uint64) (next uint64, ok bool) {
	switch {
	case numbering == codec.CyclesCounter:
		return cycle + 1, cycle < codec.MaxAmount
	case cycle >= lastMonth:
		return 0, false
	case cycle%100 == 12:
		return cycle + 100 - 11, true
	}
	return cycle + 1, true
}

// within says whether a cycle is the first one or one of the n after it.
func within(numbering, first, cycle uint64, n int) bool {
	for ok := true; ok; first, ok = NextCycle(numbering, first) {
		if first == cycle {
			return true
		}
		if n--; n < 0 {
			return false
		}
	}
	return false
}

// MonthStart returns when a month YYYYMM begins, in Unix milliseconds UTC; months before
// 1970 have a negative start. The calendar is the Gregorian one, also before it was in use.
func MonthStart(month uint64) int64 {
	year, m := int64(month/100), int64(month%100)
	if m <= 2 { // the year begins in March, so that the leap day is its last
		year, m = year-1, m+12
	}
	const beforeEpoch = 719_468 // days from 0000-03-01 to 1970-01-01
	days := 365*year + year/4 - year/100 + year/400 + (153*(m-3)+2)/5 - beforeEpoch
	return days * day
}

// elapsed returns how many ms passed from a start to a time, 0 if it has not come.
func elapsed(start int64, time uint64) uint64 {
	if start < 0 {
		return time + uint64(-start)
	}
	return time - min(time, uint64(start))
}
