package air

// SecretNAS appends the bits of a NAS message that say, or may say, who somebody is or where: identities, random values,
// addresses, names of access points, the text of short messages, and all that is ciphered or cannot be read. Headers, types and
// lengths are never among them, so that DecodeNAS gives the same whatever these bits are.
func SecretNAS(dst []Range, payload []byte) []Range {
	p := payload
	if len(p) == 0 {
		return dst
	}
	header := p[0] >> 4
	switch {
	case p[0]&0xF == discriminatorESM:
		return secretESM(dst, p, 0)
	case p[0]&0xF != discriminatorEMM:
		return append(dst, octets(1, len(p)))
	case header >= serviceRequestHeader:
		return append(dst, octets(min(4, len(p)), len(p)))
	case header == plain:
		return secretEMM(dst, p, 0)
	case header == integrityCiphered || header == cipheredNewContext: // its first octet stays: with EEA0 it is the protocol, else it says nothing
		return append(dst, octets(min(securityHeader+1, len(p)), len(p)))
	case header != integrity && header != integrityNewContext:
		return append(dst, octets(1, len(p)))
	case len(p) <= securityHeader:
		return dst
	}
	switch inner := p[securityHeader:]; {
	case inner[0]&0xF == discriminatorESM:
		return secretESM(dst, inner, securityHeader)
	case inner[0] == discriminatorEMM:
		return secretEMM(dst, inner, securityHeader)
	}
	return append(dst, octets(securityHeader+1, len(p)))
}

func secretEMM(dst []Range, p []byte, at int) []Range {
	if len(p) < 2 {
		return dst
	}
	l, known := emmLayouts[p[1]]
	if !known {
		return append(dst, octets(at+2, at+len(p)))
	}
	// Without a direction: the bits are the same for both.
	_ = l.walk(p, 2, "", func(e element) { dst = e.secret(dst, at) })
	return dst
}

func secretESM(dst []Range, p []byte, at int) []Range {
	if len(p) < esmHeader {
		return dst
	}
	_ = esmLayouts[p[2]].walk(p, esmHeader, "", func(e element) { dst = e.secret(dst, at) })
	return dst
}

// secret appends the secret bits of an element of a message that begins at octet at.
func (e element) secret(dst []Range, at int) []Range {
	from, to := at+e.at, at+e.at+len(e.value)
	switch e.what {
	case isSecret:
		return append(dst, octets(from, to))
	case isIdentity, isGUTI: // the type of identity and whether its digits are odd stay (TS 24.301 clause 9.9.3.12)
		if len(e.value) == 0 {
			return dst
		}
		return append(dst, Range{8 * from, 8*from + 4}, octets(from+1, to))
	case isTAI, isLAI: // the network stays
		return append(dst, octets(min(from+3, to), to))
	case isAddress: // the type of address stays
		return append(dst, octets(min(from+1, to), to))
	case isESM:
		if len(e.value) > 0 && e.value[0]&0xF == discriminatorESM {
			return secretESM(dst, e.value, from)
		}
		return append(dst, octets(min(from+1, to), to))
	}
	return dst
}
