package receipt

import (
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt/tiles"
)

// node is one tile in two readings: what its file says, and what lies beneath says.
type node struct {
	tile     tlog.Tile
	stored   []tlog.Hash  // nil when the file is missing or of the wrong length
	computed []tlog.Hash  // nil when what lies beneath is not whole
	entries  *bundle      // at level 0, nil when the file is missing
	open     map[int]node // tiles beneath of which it is not known which reading is right
}

// maxOpen bounds the undecided tiles under one tile, maxReadings what is tried
// for it: memory and time must not grow with the damage.
const (
	maxOpen     = 4
	maxReadings = 64
)

// readings returns every content that the tile can have by what was found, the
// likeliest first; none when nothing was found.
func (n node) readings() [][]tlog.Hash {
	var out [][]tlog.Hash
	if n.computed != nil {
		out = append(out, n.computed)
		for _, i := range slices.Sorted(maps.Keys(n.open)) {
			for _, known := range out {
				for _, r := range n.open[i].readings() {
					if h := tiles.Subtree(r); h != known[i] && len(out) < maxReadings {
						other := slices.Clone(known)
						other[i] = h
						out = append(out, other)
					}
				}
			}
		}
	}
	if n.stored != nil && !slices.ContainsFunc(out, func(r []tlog.Hash) bool { return slices.Equal(r, n.stored) }) {
		out = append(out, n.stored)
	}
	return out
}

// checkTree checks entries and tiles from left to right. The right edge comes
// out as one node a level; of their readings those are right that together give
// the signed root.
func (w *walk) checkTree() error {
	var edge []node // highest level first: that is the order of the entries
	level := 0
	for w.size>>(tiles.Height*level) > 0 {
		level++
	}
	for level--; level >= 0; level-- {
		n := w.size >> (tiles.Height * (level + 1))
		width := tiles.WidthAt(w.size, level, n)
		if width == 0 {
			edge = append(edge, node{})
			continue
		}
		nd, err := w.inspect(tiles.New(level, n, width))
		if err != nil {
			return err
		}
		edge = append(edge, nd)
	}
	slices.Reverse(edge)
	return w.settleEdge(edge)
}

// settleEdge chooses among the readings of the edge by the signed root.
func (w *walk) settleEdge(edge []node) error {
	readings := make([][][]tlog.Hash, len(edge))
	rows := make([][]tlog.Hash, len(edge))
	for i, n := range edge {
		if readings[i] = n.readings(); len(readings[i]) > 0 {
			rows[i] = readings[i][0]
		}
	}
	decided := w.signed != nil && w.choose(readings, rows, 0)
	if w.signed != nil && !decided {
		w.report.find(Finding{
			Kind: RootMismatch, File: tiles.CheckpointPath,
			Expected: w.signed.String(), Found: tiles.Root(rows).String(),
		})
	}
	for i, n := range edge {
		if len(readings[i]) == 0 {
			continue
		}
		if !decided && len(readings[i]) > 1 {
			w.disagree(n)
			continue
		}
		if err := w.conclude(n, rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// choose looks, from level on, for the readings that give the signed root, and
// leaves them in rows; without success rows is as it was.
func (w *walk) choose(readings [][][]tlog.Hash, rows [][]tlog.Hash, level int) bool {
	if level == len(readings) {
		return tiles.Root(rows) == *w.signed
	}
	before := rows[level]
	for _, r := range readings[level] {
		rows[level] = r
		if w.choose(readings, rows, level+1) {
			return true
		}
	}
	rows[level] = before
	return len(readings[level]) == 0 && w.choose(readings, rows, level+1)
}

// inspect reads a tile and everything beneath it.
func (w *walk) inspect(t tlog.Tile) (node, error) {
	n := node{tile: t}
	stored, err := w.readTile(t)
	if err != nil {
		return n, err
	}
	n.stored = stored
	if t.L == 0 {
		return n, w.inspectBundle(&n)
	}
	computed := make([]tlog.Hash, t.W)
	whole := true
	for i := range computed {
		child, err := w.inspect(tiles.New(t.L-1, t.N*tiles.Width+int64(i), tiles.Width))
		if err != nil {
			return n, err
		}
		var want *tlog.Hash
		if stored != nil {
			want = &stored[i]
		}
		truth, decided, err := w.settle(child, want, len(n.open) < maxOpen)
		if err != nil {
			return n, err
		}
		if !decided {
			if n.open == nil {
				n.open = make(map[int]node)
			}
			n.open[i] = child
		}
		switch {
		case truth != nil:
			computed[i] = tiles.Subtree(truth)
		case stored != nil:
			computed[i] = stored[i]
		default:
			whole = false
		}
	}
	if whole {
		n.computed = computed
	}
	return n, nil
}

// inspectBundle reads the entries under a level-0 tile, and follows the chains in them.
func (w *walk) inspectBundle(n *node) error {
	t := tiles.New(tiles.Entries, n.tile.N, n.tile.W)
	base := t.N * tiles.Width
	end := base + int64(t.W)
	file, data, err := w.readWidest(t, maxBundle)
	if err != nil {
		return err
	}
	if data == nil {
		w.report.find(Finding{Kind: BundleMissing, File: tiles.Path(t), Entry: entryAt(base), Last: entryAt(end - 1)})
		w.chain.damage(end)
		return nil
	}
	limit := t.W + tiles.Width // what follows in a bundle of the right name is a finding
	if file != tiles.Path(t) {
		limit = t.W
	}
	n.entries = readEntries(file, data, limit)
	for i, h := range n.entries.hashes {
		if i >= t.W || n.stored != nil && n.stored[i] != h {
			w.chain.damage(base + int64(i) + 1)
			continue
		}
		w.chain.follow(file, base+int64(i), n.entries.span(i), n.entries.entry(i), h)
	}
	if n.entries.err == nil && len(n.entries.hashes) == t.W {
		n.computed = n.entries.hashes
	} else {
		w.chain.damage(end)
	}
	w.report.Entries += int64(min(len(n.entries.hashes), t.W))
	if w.progress != nil {
		w.progress(end, w.size)
	}
	return nil
}

// settle decides which reading of a full tile is right by the hash that the
// tile above has for it, and reports the other. That hash is a hint: when it
// is itself wrong, the tile above comes out as the altered one. A tile that the
// hint does not decide may stay open until a tile further up does.
func (w *walk) settle(n node, want *tlog.Hash, mayStayOpen bool) (truth []tlog.Hash, decided bool, err error) {
	readings := n.readings()
	switch len(readings) {
	case 0:
		return nil, true, nil
	case 1:
		return readings[0], true, w.conclude(n, readings[0])
	}
	for _, r := range readings {
		if want != nil && tiles.Subtree(r) == *want {
			return r, true, w.conclude(n, r)
		}
	}
	if !mayStayOpen {
		w.disagree(n)
	}
	return readings[0], !mayStayOpen, nil
}

// disagree reports that a tile and what lies beneath differ, undecided.
func (w *walk) disagree(n node) {
	for _, i := range slices.Sorted(maps.Keys(n.open)) {
		w.disagree(n.open[i])
	}
	if n.stored == nil || n.computed == nil || slices.Equal(n.stored, n.computed) {
		return
	}
	i := 0
	for i < len(n.stored)-1 && n.stored[i] == n.computed[i] {
		i++
	}
	first, last := n.entryRange(i)
	w.report.find(Finding{
		Kind: Disagreement, File: tiles.Path(n.tile), Other: n.beneath(i), Bytes: byteRange(i*tlog.HashSize, tlog.HashSize),
		Entry: first, Last: last, Expected: hexOf(n.computed[i]), Found: hexOf(n.stored[i]),
	})
}

// beneath returns the path of the file that hash i of the tile is the hash of.
func (n node) beneath(i int) string {
	if n.tile.L == 0 {
		return tiles.Path(tiles.New(tiles.Entries, n.tile.N, n.tile.W))
	}
	return tiles.Path(tiles.New(n.tile.L-1, n.tile.N*tiles.Width+int64(i), tiles.Width))
}

// entryRange returns the first and last entry under hash i of the tile.
func (n node) entryRange(i int) (first, last *int64) {
	span := int64(1) << (tiles.Height * n.tile.L)
	from := (n.tile.N*tiles.Width + int64(i)) * span
	if span == 1 {
		return &from, nil
	}
	return &from, entryAt(from + span - 1)
}

// conclude reports what differs from the truth about a tile: its file, what
// lies beneath it, and the partial files that older checkpoints left.
func (w *walk) conclude(n node, truth []tlog.Hash) error {
	if truth == nil {
		return nil
	}
	w.compareTile(tiles.Path(n.tile), n.tile, n.stored, truth)
	closed, err := w.closeOpen(n, truth)
	if err != nil {
		return err
	}
	if n.tile.L > 0 {
		for i := range truth {
			if n.computed != nil && n.computed[i] != truth[i] && !closed[i] {
				first, last := n.entryRange(i)
				w.report.find(Finding{
					Kind: SubtreeRewritten, File: n.beneath(i), Entry: first, Last: last,
					Expected: hexOf(truth[i]), Found: hexOf(n.computed[i]),
				})
			}
		}
	} else if n.entries != nil {
		n.entries.diagnose(w.report, n.tile.N*tiles.Width, truth)
	}
	if err := w.checkSiblings(n.tile, truth); err != nil {
		return err
	}
	if n.tile.L > 0 {
		return nil
	}
	return w.checkSiblings(tiles.New(tiles.Entries, n.tile.N, n.tile.W), truth)
}

// closeOpen settles the tiles beneath n that stayed open, now that their hashes
// are known, and returns which of them had a reading that fits.
func (w *walk) closeOpen(n node, truth []tlog.Hash) (map[int]bool, error) {
	closed := make(map[int]bool)
	for _, i := range slices.Sorted(maps.Keys(n.open)) {
		child := n.open[i]
		readings := child.readings()
		fits := slices.IndexFunc(readings, func(r []tlog.Hash) bool { return tiles.Subtree(r) == truth[i] })
		if fits < 0 {
			w.disagree(child)
			continue
		}
		closed[i] = true
		if err := w.conclude(child, readings[fits]); err != nil {
			return nil, err
		}
	}
	return closed, nil
}

// compareTile reports each run of hashes in a tile that is not the truth.
func (w *walk) compareTile(file string, t tlog.Tile, stored, truth []tlog.Hash) {
	for i := 0; i < len(stored); i++ {
		if stored[i] == truth[i] {
			continue
		}
		from := i
		for i+1 < len(stored) && stored[i+1] != truth[i+1] {
			i++
		}
		first, _ := node{tile: t}.entryRange(from)
		w.report.find(Finding{
			Kind: TileAltered, File: file, Bytes: byteRange(from*tlog.HashSize, (i-from+1)*tlog.HashSize), Entry: first,
			Expected: hexOf(truth[from]), Found: hexOf(stored[from]),
		})
	}
}

// checkSiblings checks the other widths of a tile or bundle that lie in the
// folder: as far as they reach into the tree they must say the same.
func (w *walk) checkSiblings(t tlog.Tile, truth []tlog.Hash) error {
	full := tiles.New(t.L, t.N, tiles.Width)
	widths, err := w.partials(full)
	if err != nil {
		return err
	}
	for _, width := range append(widths, tiles.Width) {
		if width == t.W {
			continue
		}
		other := tiles.New(t.L, t.N, width)
		file := tiles.Path(other)
		known := truth[:min(width, len(truth))]
		if t.L == tiles.Entries {
			data, ok, err := w.read(file, maxBundle)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			limit := len(known)
			if width <= len(truth) {
				limit += tiles.Width
			}
			readEntries(file, data, limit).diagnose(w.report, t.N*tiles.Width, known)
			continue
		}
		hashes, err := w.readExact(file, width)
		if err != nil {
			return err
		}
		w.compareTile(file, other, hashes[:min(len(hashes), len(known))], known)
	}
	return nil
}

// readTile reads the hashes of a tile, and reports when they are not there.
func (w *walk) readTile(t tlog.Tile) ([]tlog.Hash, error) {
	file, data, err := w.readWidest(t, tiles.Width*tlog.HashSize)
	if err != nil {
		return nil, err
	}
	if file == tiles.Path(t) {
		return w.readExact(file, t.W)
	}
	if len(data) < t.W*tlog.HashSize {
		w.report.find(Finding{Kind: TileMissing, File: tiles.Path(t)})
		return nil, nil
	}
	return tiles.Decode(data[:t.W*tlog.HashSize])
}

// readExact reads a tile file of width hashes, and reports one of another
// length; then, as when there is no such file, it returns none.
func (w *walk) readExact(file string, width int) ([]tlog.Hash, error) {
	data, ok, err := w.read(file, tiles.Width*tlog.HashSize)
	if err != nil || !ok {
		return nil, err
	}
	w.report.Tiles++
	hashes, err := tiles.Decode(data)
	if err != nil || len(hashes) != width {
		want := width * tlog.HashSize
		w.report.find(Finding{
			Kind: TileLength, File: file, Bytes: byteRange(min(want, len(data)), max(0, len(data)-want)),
			Expected: fmt.Sprintf("%d bytes", want), Found: fmt.Sprintf("%d bytes", len(data)),
		})
		return nil, nil
	}
	return hashes, nil
}

// readWidest reads the file of t or, when that is gone, a wider one: a log may
// delete a partial tile once the full one is there, and a folder may have been
// copied while it grew. data is nil when there is none.
func (w *walk) readWidest(t tlog.Tile, limit int64) (file string, data []byte, err error) {
	file = tiles.Path(t)
	if data, ok, err := w.read(file, limit); err != nil || ok {
		return file, data, err
	}
	if t.W == tiles.Width {
		return "", nil, nil
	}
	widths, err := w.partials(tiles.New(t.L, t.N, tiles.Width))
	if err != nil {
		return "", nil, err
	}
	for _, width := range append(widths, tiles.Width) {
		if width <= t.W {
			continue
		}
		file = tiles.Path(tiles.New(t.L, t.N, width))
		if data, ok, err := w.read(file, limit); err != nil || ok {
			return file, data, err
		}
	}
	return "", nil, nil
}
