package idnumber

// luhnDigit is the check digit that ISO/IEC 7812-1 annex B puts behind these ASCII digits.
func luhnDigit(body []byte) byte {
	sum := 0
	for i := range body {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 { // the neighbour of the check digit is doubled, and every second one from there
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return '0' + byte((10-sum%10)%10)
}

// luhn reports whether the last of the ASCII digits is the check digit of those before it.
func luhn(digits []byte) bool {
	last := len(digits) - 1
	return digits[last] == luhnDigit(digits[:last])
}

// withLuhn appends the check digit to a text of digits.
func withLuhn(body string) string { return body + string(rune(luhnDigit([]byte(body)))) }

// allZero reports whether there is nothing but zeros, a number that stands on forms and on no document or device.
func allZero(digits []byte) bool {
	for _, c := range digits {
		if c != '0' {
			return false
		}
	}
	return true
}
