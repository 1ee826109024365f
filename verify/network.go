package verify

import (
	"net/netip"
	"slices"
)

// Prefixes that a network is counted by: what one household or office commonly has.
const (
	prefixV4 = 24
	prefixV6 = 48
)

// network is the prefix of an address, or of a wider prefix as it stands; empty for none.
func network(address Secret) string {
	text := address.Reveal()
	if p, err := netip.ParsePrefix(text); err == nil {
		return narrowed(p.Addr(), p.Bits())
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return narrowed(a, a.BitLen())
}

func narrowed(a netip.Addr, bits int) string {
	most := prefixV6
	if a = a.Unmap().WithZone(""); a.Is4() {
		most = prefixV4
	}
	p, err := a.Prefix(min(bits, most))
	if err != nil {
		return ""
	}
	return p.String()
}

// devices are the serial numbers of the devices that attested something.
func devices(r *Request) []string {
	var out []string
	for _, e := range r.Evidence {
		if e.DeviceSerial != "" {
			out = append(out, e.DeviceSerial)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
