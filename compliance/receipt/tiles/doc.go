// Package tiles reads and writes the file formats of a tiled transparency log:
// the checkpoint (https://c2sp.org/tlog-checkpoint), the paths of tiles and
// entry bundles, and the bundle itself (https://c2sp.org/tlog-tiles). Hashing
// is RFC 6962 by golang.org/x/mod/sumdb/tlog. It does no I/O.
//
// A tlog.Tile of height 8 names a tile; level -1 is an entry bundle. Its own
// Path has the height in it, which tlog-tiles does not: use Path of this package.
package tiles
