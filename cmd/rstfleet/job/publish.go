package job

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"github.com/rstexplain/rstexplain/cmd/rstfleet/store"
)

// Publish writes a shard of the resets of a group, as JSON lines and as Parquet. A unit may be listed more than once.
func (w *Worker) Publish(ctx context.Context, shard int, units []Numbered) error {
	slices.SortFunc(units, func(a, b Numbered) int { return a.Explained.Index - b.Explained.Index })
	units = slices.CompactFunc(units, func(a, b Numbered) bool { return a.Explained.Index == b.Explained.Index })
	group := units[0].Explained.Group
	name := fmt.Sprintf("resets-%05d", shard)
	lines, err := w.store.Create(ctx, w.job.of(group, name+".jsonl"))
	if err != nil {
		return err
	}
	table, err := w.store.Create(ctx, w.job.of(group, name+".parquet"))
	if err != nil {
		lines.Discard()
		return err
	}
	if err := w.publish(ctx, lines, table, units); err != nil {
		lines.Discard()
		table.Discard()
		return err
	}
	return errors.Join(lines.Close(), table.Close())
}

// publish writes the resets of units as lines and as rows of a table.
func (w *Worker) publish(ctx context.Context, lines, table *store.Writer, units []Numbered) error {
	rows := parquet.NewGenericWriter[Row](table, parquet.Compression(&parquet.Zstd))
	for _, u := range units {
		if u.Explained.Resets == 0 {
			continue
		}
		if err := w.publishUnit(ctx, lines, rows, u); err != nil {
			return err
		}
	}
	return rows.Close()
}

// The beginnings of lines of a JSON report, which holds one reset per line.
var (
	fileBegins  = []byte(`{"path":`)
	resetBegins = []byte(`{"frame":`)
	incidentKey = []byte(`,"incident":`)
)

// publishUnit copies the resets of a report.
func (w *Worker) publishUnit(ctx context.Context, lines io.Writer, rows *parquet.GenericWriter[Row], u Numbered) error {
	in, err := w.store.Open(ctx, u.Explained.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	from := bufio.NewReaderSize(z, 1<<20)
	var file []byte // the beginning of each line
	var out []byte
	var path string
	firsts := firstsOfEvents{}
	n := 0
	for {
		line, ended := from.ReadBytes('\n')
		switch {
		case bytes.HasPrefix(line, resetBegins) && n < len(u.Numbers):
			line = line[:bytes.LastIndexByte(line, '}')+1] // without the comma, or the end of the list
			if out, err = numbered(append(out[:0], file...), line, u.Numbers[n]); err != nil {
				return err
			}
			row, err := firsts.row(line)
			if err != nil {
				return err
			}
			row.Tap, row.File, row.Incident = u.Explained.Group, path, int64(u.Numbers[n])
			if _, err := rows.Write([]Row{row}); err != nil {
				return err
			}
			n++
			if _, err := lines.Write(append(out, '\n')); err != nil {
				return err
			}
		case bytes.HasPrefix(line, fileBegins) && n == 0:
			var f struct{ Path string }
			head, _, _ := bytes.Cut(line, []byte(`,"resets":[`))
			if err := json.Unmarshal(append(bytes.Clone(head), '}'), &f); err != nil {
				return err
			}
			path = f.Path
			file = append([]byte(`{"file":`), head[len(fileBegins):]...)
			file = append(file, ',')
		}
		if ended == io.EOF {
			break
		}
		if ended != nil {
			return ended
		}
	}
	if n != len(u.Numbers) {
		return fmt.Errorf("%s: holds %d resets of %d", u.Explained.Path, n, len(u.Numbers))
	}
	return nil
}

// numbered appends a line of a JSON report to out, with another number of its incident. Nothing before that number in
// the line is text of the network.
func numbered(out, line []byte, number int) ([]byte, error) {
	at := bytes.Index(line, incidentKey)
	if at < 0 {
		return nil, errors.New("a reset without the number of its incident")
	}
	at += len(incidentKey)
	end := at
	for end < len(line) && line[end] >= '0' && line[end] <= '9' {
		end++
	}
	out = append(out, line[1:at]...)
	out = strconv.AppendInt(out, int64(number), 10)
	return append(out, line[end:]...), nil
}
