package policy

import "math/bits"

// bitset is a set of rules, by their numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (b bitset) add(i int) { b[i/64] |= 1 << (i % 64) }

func (b bitset) empty() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

// masks is a bitset of which only the words that are not zero are kept, in their
// order: where a thousand rules end at one node, sixteen words are looked at.
type masks []mask

type mask struct {
	word int32
	bits uint64
}

// add puts in a number that is no lower than those before.
func (m *masks) add(i int) {
	word := int32(i / 64)
	if n := len(*m); n == 0 || (*m)[n-1].word != word {
		*m = append(*m, mask{word: word})
	}
	(*m)[len(*m)-1].bits |= 1 << (i % 64)
}

// appendTo appends the numbers that are in both sets.
func (m masks) appendTo(dst []int32, in bitset) []int32 {
	for _, k := range m {
		for left := k.bits & in[k.word]; left != 0; left &= left - 1 {
			dst = append(dst, k.word*64+int32(bits.TrailingZeros64(left)))
		}
	}
	return dst
}
