"""What was read about each part, and where: one file of facts for each document or library.

`<Part>.<source>.toml` has what one source says of one part. Two sources of a part are independent if their `origin`
differs: the maker's data sheet, KiCad's library, the library or the board of somebody else.

| key | what |
| --- | --- |
| `origin` | who wrote it down |
| `document`, `section` | title and revision, and the table, figure or symbol |
| `address`, `read` | where the stored text was read, and on which day |
| `package`, `file`, `file_sha256` | of a library: the Debian package with its version, the file and its hash |
| `packages` | the packages of which it speaks, such as "SOIC-8" |
| `[pins]` | number = name as printed, "" for a pin without a name |
| `by_elimination` | pins whose number follows from the others: the only lead and the only terminal that are left |
| `[limits]` | such as `supply_V = [2.7, 5.5]` |
| `[pads_mm]` | of a footprint: number = [x, y] |
| `[distances_mm]` | of a drawing: "1 2" = distance of two pads |

SHA256SUMS has the hash of every file: `sha256sum -c SHA256SUMS` in this folder, or `python -m hardware.provenance`.
After a change: `python -m hardware.sources.sums`.
"""
