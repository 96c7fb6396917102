package export

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/forgepool/settle/codec"
)

func TestFormatCredits(t *testing.T) {
	for amount, want := range map[uint64]string{0: "0", 1: "0.000001", 10: "0.00001", 1_000_000: "1", 2_500_007: "2.500007",
		1_500_000: "1.5", 100_000_000: "100", codec.MaxAmount: "9223372036854.775807"} {
		if got := FormatCredits(amount); got != want {
			t.Errorf("%d is %s, want %s", amount, got, want)
		}
		if got, err := ParseCredits(want); err != nil || got != amount {
			t.Errorf("%s is %d, %v", want, got, err)
		}
	}
	for text, want := range map[string]uint64{"01": 1_000_000, "1.50": 1_500_000, "0.000000": 0, "1.000000": 1_000_000, ".5": 500_000} {
		if got, err := ParseCredits(text); err != nil || got != want {
			t.Errorf("%s is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ".", "1.", "-1", "+1", "1e3", "1,5", "1 ", "0.0000001", "9223372036854.775808", "99999999999999999999", "0x1", "1_0", "½"} {
		if got, err := ParseCredits(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
	if _, err := ParseAmount("9223372036854775808"); err == nil {
		t.Error("2^63 is an amount")
	}
	if v, err := ParseAmount("9223372036854775807"); err != nil || v != math.MaxInt64 {
		t.Errorf("2^63-1: %d, %v", v, err)
	}
}

// TestFormatTime compares with the standard library, which this package cannot use
// because it holds a clock.
func TestFormatTime(t *testing.T) {
	for day := range int64(60_000) {
		at := time.Unix(day*secondsADay+day%secondsADay, 0).UTC()
		if got, want := FormatTime(uint64(at.Unix())), at.Format(time.RFC3339); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		ms := rapid.Int64Range(0, 253_402_300_799_999).Draw(t, "ms") // to the year 9999
		if got, want := string(appendMS(nil, uint64(ms))), time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Uint64Range(0, codec.MaxAmount).Draw(t, "amount")
		if got, err := ParseCredits(FormatCredits(amount)); err != nil || got != amount {
			t.Fatalf("%d became %d, %v", amount, got, err)
		}
	})
}

func TestEscapeURN(t *testing.T) {
	for text, want := range map[string]string{"ledger.example/settle/blake3": "ledger.example/settle/blake3", "a b%#?": "a%20b%25%23%3F", "ü": "%C3%BC"} {
		if got := escapeURN(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
