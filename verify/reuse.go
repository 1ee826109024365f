package verify

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"realname/compliance"
	"realname/compliance/vault"
	"realname/imaging"
)

// Reuse configures the index of images that were seen before. The zero Reuse keeps none.
type Reuse struct {
	Most       int           // entries of one tenant; the oldest go first; 0 keeps no index
	Age        time.Duration // after which an entry is forgotten
	TemplateOf int           // other persons on one template that are a finding; 0: none is
	Shared     *SharedReuse  // the index across tenants; nil unless the operator named a legal basis for it
}

// SharedReuse configures the index across tenants.
type SharedReuse struct {
	Most int // entries of all tenants together
}

// Purposes of the vault's index keys.
const (
	purposeReuse       = "image-reuse"
	purposeSharedReuse = "image-reuse-shared"
)

// sharedBands are the equal bands of one aspect, of seven, that make two images
// alike where nothing but bands is kept.
const sharedBands = 3

// found reports whether a count is a finding.
func (r *Reuse) found(n compliance.ImageReuse) bool {
	return n.Card > 0 || n.Portrait > 0 || r.TemplateOf > 0 && n.Template >= r.TemplateOf
}

// seenBefore prepares the search for the photo of a, and looks early, so that
// nobody pays for an authority where the policy refuses a reused image.
func (s *Service) seenBefore(ctx context.Context, a *assessment) error {
	if a.card == nil {
		return nil
	}
	search, err := s.imageSearch(a)
	if err != nil {
		return err
	}
	a.search = search
	if a.early, err = s.o.Ledger.Images(ctx, *search); err != nil {
		return ledgerError(err)
	}
	return nil
}

// imageSearch keys the fingerprints of the photo for every scope there is.
func (s *Service) imageSearch(a *assessment) (*ImageSearch, error) {
	prints := a.card.Fingerprints
	since := a.now.Add(-s.o.Reuse.Age)
	// An entry says that the image was shown as proof of the person's number. A
	// photo whose number is another's is refused by itself, and must not accuse
	// the other, who may only have mistyped.
	puts := a.personID != "" && (a.card.NumberAgreement == imaging.Agrees || a.card.NumberAgreement == imaging.Unreadable)
	own, err := s.o.Vault.Index(purposeReuse, a.tenantID)
	if err != nil {
		return nil, vaultError(err)
	}
	scope := ImageScope{
		Scope: a.tenantID, Bands: keyedBands(own, own.Versions(), prints), Since: since, Whole: likeness(prints.Aspects()), Most: s.o.Reuse.Most,
		Alike: func(_ []int64, e ImageEntry) Likeness { return likeness(alikeSealed(own, prints, e)) },
	}
	if puts {
		entry, err := s.sealedEntry(own, a, prints)
		if err != nil {
			return nil, err
		}
		scope.Put = entry
	}
	search := &ImageSearch{PersonID: a.personID, Scopes: []ImageScope{scope}}
	if shared := s.o.Reuse.Shared; shared != nil {
		x, err := s.o.Vault.Index(purposeSharedReuse, SharedImages)
		if err != nil {
			return nil, vaultError(err)
		}
		search.Scopes = append(search.Scopes, sharedScope(x, a, prints, since, shared.Most, puts))
	}
	return search, nil
}

func (s *Service) sealedEntry(x *vault.Index, a *assessment, prints *imaging.Fingerprints) (*ImageEntry, error) {
	plain, err := prints.AppendBinary(nil)
	if err != nil {
		return nil, compliance.E(compliance.FaultInternal, "internal", "the worker's fingerprints cannot be kept").Because(err)
	}
	version, sealed, err := x.Seal(a.personID, plain)
	if err != nil {
		return nil, compliance.E(compliance.FaultInternal, "vault_unavailable", "the index could not be sealed").Because(err)
	}
	return &ImageEntry{
		TenantID: a.tenantID, PersonID: a.personID, KeyVersion: version, Bands: keyedBands(x, []int{version}, prints), Sealed: sealed,
	}, nil
}

// sharedScope holds bands alone: across tenants not even a sealed fingerprint is kept.
func sharedScope(x *vault.Index, a *assessment, prints *imaging.Fingerprints, since time.Time, most int, puts bool) ImageScope {
	versions := x.Versions()
	bands := prints.Bands()
	of := map[int64]imaging.Band{}
	keyed := keyedBands(x, versions, prints)
	for i, value := range keyed {
		of[value] = bands[i%len(bands)]
	}
	scope := ImageScope{
		Scope: SharedImages, Bands: keyed, Since: since, Whole: likeness(prints.Aspects()), Most: most,
		Alike: func(hits []int64, _ ImageEntry) Likeness { return likeness(alikeByBands(hits, of)) },
	}
	if puts {
		scope.Put = &ImageEntry{TenantID: a.tenantID, PersonID: a.personID, KeyVersion: versions[0], Bands: keyedBands(x, versions[:1], prints)}
	}
	return scope
}

func likeness(s imaging.Aspects) Likeness {
	return Likeness{Card: s.Has(imaging.AspectCard), Portrait: s.Has(imaging.AspectPortrait), Template: s.Has(imaging.AspectTemplate)}
}

func alikeByBands(hits []int64, of map[int64]imaging.Band) imaging.Aspects {
	var out imaging.Aspects
	equal := map[imaging.Aspect]int{}
	for _, hit := range hits {
		b := of[hit]
		if equal[b.Aspect]++; equal[b.Aspect] >= sharedBands {
			out |= 1 << b.Aspect
		}
	}
	return out
}

// alikeSealed compares the photo with a sealed entry. One that does not open is
// of a master key that was destroyed, and so of an image that was erased.
func alikeSealed(x *vault.Index, prints *imaging.Fingerprints, e ImageEntry) imaging.Aspects {
	plain, err := x.Open(e.KeyVersion, e.PersonID, e.Sealed)
	if err != nil {
		return 0
	}
	var other imaging.Fingerprints
	if err := other.UnmarshalBinary(plain); err != nil {
		return 0
	}
	return prints.Alike(&other)
}

// keyedBands are the values of the bands under each key version in turn.
func keyedBands(x *vault.Index, versions []int, prints *imaging.Fingerprints) []int64 {
	bands := prints.Bands()
	out := make([]int64, 0, len(bands)*len(versions))
	for _, version := range versions {
		for _, b := range bands {
			plain := binary.BigEndian.AppendUint32([]byte{byte(b.Version), byte(b.Aspect), byte(b.Index)}, b.Bits)
			out = append(out, x.Value(version, plain))
		}
	}
	return out
}

// marked notes a reused image on the photo's check and in the facts that policy
// reads; what it was given stays as it was.
func marked(checks []compliance.Check, facts compliance.Facts, n compliance.ImageReuse) ([]compliance.Check, compliance.Facts) {
	const name = compliance.CheckDocumentPhoto
	result := facts.Checks[name]
	if result == compliance.Passed {
		result = compliance.Inconclusive // a person must look; a policy may refuse
	}
	reasons := append(slices.Clone(facts.CheckReasons[name]), imaging.ReasonReusedImage)
	facts.Checks, facts.CheckReasons = maps.Clone(facts.Checks), maps.Clone(facts.CheckReasons)
	facts.Checks[name], facts.CheckReasons[name] = result, reasons
	checks = slices.Clone(checks)
	for i := range checks {
		if checks[i].Name == name {
			checks[i].Result, checks[i].Reasons, checks[i].Reused = result, reasons, &n
		}
	}
	return checks, facts
}

// ExpireImages forgets what the index holds beyond its age, and returns how much that was.
func (s *Service) ExpireImages(ctx context.Context) (int, error) {
	if s.o.Reuse.Age == 0 {
		return 0, nil
	}
	total := 0
	for {
		n, err := s.o.Ledger.ExpireImages(ctx, s.o.Now().UTC().Add(-s.o.Reuse.Age), settlePage)
		total += n
		if err != nil {
			return total, ledgerError(err)
		}
		if n < settlePage || ctx.Err() != nil {
			return total, ctx.Err()
		}
	}
}
