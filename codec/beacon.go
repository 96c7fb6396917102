package codec

import "fmt"

// MarshalCBOR writes [] or [chain, genesis, period].
func (x Beacon) MarshalCBOR() ([]byte, error) {
	if !x.Present {
		return AppendArray(nil, 0), nil
	}
	b := AppendBytes(AppendArray(nil, 3), x.Chain[:])
	return AppendUint(AppendUint(b, x.Genesis), x.Period), nil
}

// UnmarshalCBOR reads what MarshalCBOR writes.
func (x *Beacon) UnmarshalCBOR(data []byte) error {
	r := NewReader(data)
	*x = Beacon{}
	switch r.Array(3) {
	case 0:
	case 3:
		x.Present = true
		r.Fixed(x.Chain[:])
		x.Genesis, x.Period = r.Uint(), r.Uint()
	default:
		return fmt.Errorf("%w: beacon of neither none nor three elements", ErrNotCanonical)
	}
	return r.Done()
}
