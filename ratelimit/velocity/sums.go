package velocity

// sums is a multiset of parts of tokens, so that most ids can be told to be absent without looking through a window.
// Open addressing with linear probing: home is a hash's low bits; 0 marks a free place.
type sums struct {
	table []uint32 // a power of two, at most three quarters full
	n     int
}

func (s *sums) home(sum uint32) int { return int(sum) & (len(s.table) - 1) }

// has reports whether sum is there.
func (s *sums) has(sum uint32) bool {
	if s.n == 0 {
		return false
	}
	for i := s.home(sum); s.table[i] != 0; i = (i + 1) & (len(s.table) - 1) {
		if s.table[i] == sum {
			return true
		}
	}
	return false
}

func (s *sums) add(sum uint32) {
	if 4*(s.n+1) > 3*len(s.table) {
		old := s.table
		s.table = make([]uint32, max(8, 2*len(old)))
		for _, o := range old {
			if o != 0 {
				s.put(o)
			}
		}
	}
	s.put(sum)
	s.n++
}

func (s *sums) put(sum uint32) {
	i := s.home(sum)
	for s.table[i] != 0 {
		i = (i + 1) & (len(s.table) - 1)
	}
	s.table[i] = sum
}

// remove takes one sum away, which must be there, and closes the gap. The last leaves no memory behind.
func (s *sums) remove(sum uint32) {
	if s.n--; s.n == 0 {
		s.table = nil
		return
	}
	mask := len(s.table) - 1
	gap := s.home(sum)
	for s.table[gap] != sum {
		gap = (gap + 1) & mask
	}
	for i := (gap + 1) & mask; s.table[i] != 0; i = (i + 1) & mask {
		// What lies at i may fill the gap unless its home lies between the two.
		if (i-s.home(s.table[i]))&mask >= (i-gap)&mask {
			s.table[gap] = s.table[i]
			gap = i
		}
	}
	s.table[gap] = 0
}
