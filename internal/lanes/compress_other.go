//go:build !amd64

package lanes

const available = false

func compress(*chains, *[Lanes]*[64]byte, *[Lanes]uint32, *[Lanes]uint32, *[Lanes]uint32) {
	panic("lanes: compress without lanes")
}
