package ades

import (
	"bytes"
	"compress/zlib"
	"io"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// readStream reads a cross-reference stream (ISO 32000-1 §7.5.8), as it is or
// compressed with Flate, with or without a PNG predictor.
func (e entries) readStream(pdf []byte, at int64) (types.Dict, error) {
	s := scanner{pdf, int(at)}
	if _, _, ok := s.header(); !ok {
		return nil, damaged("there is no cross-reference section where one should be")
	}
	window := pdf[s.at:min(len(pdf), s.at+maxTrailer)]
	end := bytes.Index(window, []byte("stream"))
	if end < 0 {
		return nil, damaged("a cross-reference stream is malformed")
	}
	dict, err := parseDict(window[:end])
	if err != nil {
		return nil, err
	}
	s.at += end + len("stream")
	if !s.take("\r\n") && !s.take("\n") {
		return nil, damaged("a cross-reference stream is malformed")
	}
	length := dict.IntEntry("Length")
	if kind := dict.Type(); kind == nil || *kind != "XRef" || length == nil || *length < 0 || *length > len(pdf)-s.at {
		return nil, damaged("a cross-reference stream is malformed")
	}
	rows, err := decodeRows(dict, pdf[s.at:s.at+*length])
	if err != nil {
		return nil, err
	}
	return dict, e.streamEntries(dict, rows)
}

// streamEntries takes the entries of the sections in Index from rows.
func (e entries) streamEntries(dict types.Dict, rows []byte) error {
	widths, ok := integers(dict.ArrayEntry("W"))
	if !ok || len(widths) != 3 || max(widths[0], widths[1], widths[2]) > 8 {
		return damaged("a cross-reference stream has no valid W")
	}
	index, ok := integers(dict.ArrayEntry("Index"))
	if size := dict.IntEntry("Size"); len(index) == 0 && size != nil {
		index = []int{0, *size}
	}
	width := widths[0] + widths[1] + widths[2]
	if !ok || len(index)%2 != 0 || width == 0 {
		return damaged("a cross-reference stream has no valid Index")
	}
	for ; len(index) > 0; index = index[2:] {
		if index[1] > len(rows)/width {
			return damaged("a cross-reference stream is too short")
		}
		for i := range index[1] {
			if err := e.streamEntry(index[0]+i, widths, rows[i*width:]); err != nil {
				return err
			}
		}
		rows = rows[index[1]*width:]
	}
	return nil
}

func (e entries) streamEntry(number int, widths []int, row []byte) error {
	var fields [3]uint64
	for i, width := range widths {
		for _, b := range row[:width] {
			fields[i] = fields[i]<<8 | uint64(b)
		}
		row = row[width:]
	}
	if widths[0] == 0 {
		fields[0] = 1
	}
	if fields[1] >= 1<<40 || fields[2] >= 1<<31 {
		return damaged("a cross-reference stream has an impossible entry")
	}
	switch fields[0] {
	case 0:
		return e.put(number, place{free: true})
	case 1:
		return e.put(number, place{offset: int64(fields[1]), generation: int(fields[2])})
	case 2:
		return e.put(number, place{stream: int(fields[1]), index: int(fields[2])})
	}
	return damaged("a cross-reference stream has an entry of an unknown kind")
}

// integers takes an array of numbers that are not negative; none is an empty
// one.
func integers(array types.Array) ([]int, bool) {
	var all []int
	for _, o := range array {
		n, ok := o.(types.Integer)
		if !ok || n < 0 {
			return nil, false
		}
		all = append(all, int(n))
	}
	return all, true
}

// decodeRows undoes the filter of a cross-reference stream.
func decodeRows(dict types.Dict, data []byte) ([]byte, error) {
	switch filter := single(dict["Filter"]).(type) {
	case nil:
		return data, nil
	case types.Name:
		if filter != "FlateDecode" {
			return nil, damaged("a cross-reference stream is packed by %s", filter)
		}
	default:
		return nil, damaged("a cross-reference stream has several filters")
	}
	const limit = maxEntries * 26 // the widest row and its predictor byte
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, damaged("a cross-reference stream cannot be unpacked")
	}
	rows, err := io.ReadAll(io.LimitReader(z, limit+1))
	if err != nil || len(rows) > limit {
		return nil, damaged("a cross-reference stream cannot be unpacked")
	}
	parms, _ := single(dict["DecodeParms"]).(types.Dict)
	return unpredict(parms, rows)
}

// single takes the one element of an array of one.
func single(o types.Object) types.Object {
	if a, ok := o.(types.Array); ok && len(a) == 1 {
		return a[0]
	}
	return o
}

// unpredict undoes the PNG predictors None, Sub and Up, of one byte per pixel
// (ISO 32000-1 §7.4.4.4); writers of cross-reference streams use Up.
func unpredict(parms types.Dict, rows []byte) ([]byte, error) {
	predictor, columns := 1, 1
	if n := parms.IntEntry("Predictor"); n != nil {
		predictor = *n
	}
	if n := parms.IntEntry("Columns"); n != nil {
		columns = *n
	}
	if predictor == 1 {
		return rows, nil
	}
	if predictor < 10 || columns < 1 || columns > 24 || len(rows)%(columns+1) != 0 {
		return nil, damaged("a cross-reference stream has an unknown predictor")
	}
	out := make([]byte, 0, len(rows))
	above := make([]byte, columns)
	for ; len(rows) > 0; rows = rows[columns+1:] {
		line := rows[1 : columns+1]
		for i := range line {
			switch {
			case rows[0] == 2:
				line[i] += above[i]
			case rows[0] == 1 && i > 0:
				line[i] += line[i-1]
			case rows[0] > 2:
				return nil, damaged("a cross-reference stream has an unknown predictor")
			}
		}
		out, above = append(out, line...), line
	}
	return out, nil
}
