package export

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/forgepool/settle/codec"
)

// Price is what one Credit costs in a currency of ISO 4217: Num/Den units of it, both at
// least 1 and below 2^63.
type Price struct {
	Currency string
	Num, Den uint64
}

// credit is the currency of rows that are not priced in a national one.
const credit = "Credit"

// inCredits is the price of rows whose currency is the Credit itself.
var inCredits = Price{Currency: credit, Num: 1, Den: 1}

// ErrPrice is wrapped by the error about a record that cannot be expressed in the
// currency asked for: its policy has no price, or the amount is too large in it.
var ErrPrice = errors.New("export: no price")

// convert turns micro-Credits into millionths of the currency, rounded to the nearest,
// halves up (docs/formats/exports.md section 4). The error wraps ErrPrice.
func (p *Price) convert(amount uint64) (uint64, error) {
	if p.Den == 0 {
		panic("export: price of nothing")
	}
	hi, lo := bits.Mul64(amount, p.Num)
	lo, carry := bits.Add64(lo, p.Den/2, 0) // of an odd denominator no half is exact
	hi += carry
	if hi >= p.Den {
		return 0, p.tooLarge(amount)
	}
	quotient, _ := bits.Div64(hi, lo, p.Den)
	if quotient > codec.MaxAmount {
		return 0, p.tooLarge(amount)
	}
	return quotient, nil
}

// pricesOf returns the prices that a policy states.
func pricesOf(p *codec.Policy) []Price {
	if p.Prices == nil {
		return nil
	}
	prices := make([]Price, len(*p.Prices))
	for i, price := range *p.Prices {
		prices[i] = Price{price.Currency, price.Num, price.Den}
	}
	return prices
}

func (p *Price) tooLarge(amount uint64) error {
	return fmt.Errorf("%w: %s Credits are 2^63 millionths of %s or more", ErrPrice, FormatCredits(amount), p.Currency)
}

// checkCurrency requires three capital letters.
func checkCurrency(code string) error {
	ok := len(code) == 3
	for _, c := range []byte(code) {
		ok = ok && c >= 'A' && c <= 'Z'
	}
	if !ok {
		return fmt.Errorf("%q is no code of ISO 4217: three capital letters", code)
	}
	return nil
}

func noPrice(index uint64, policy codec.Hash, currency string) error {
	return fmt.Errorf("%w: at index %d: policy %s states no price of a Credit in %s", ErrPrice, index, policy, currency)
}

func atIndex(index uint64, err error) error { return fmt.Errorf("at index %d: %w", index, err) }
