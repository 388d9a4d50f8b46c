package websocket

import (
	"errors"
	"slices"
	"testing"
)

// Any split of the input gives the same events, or the same kind of error after
// no fewer of them.
func FuzzDecoderSplit(f *testing.F) {
	f.Add(join(clientFrame(text, "héllo"), clientFrame(ping, "p"), clientFrame(closes, "\x03\xe8")), uint8(1), uint8(3))
	f.Add(join(clientFrame(0x01, "\xe2"), clientFrame(pong, ""), clientFrame(last, "\x82\xac")), uint8(7), uint8(2))
	f.Add(clientFrame(binry, string(make([]byte, 300))), uint8(100), uint8(5))
	f.Add(clientFrame(text, "\xf4\x90"), uint8(6), uint8(1))
	f.Add([]byte{text, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4, 5}, uint8(2), uint8(1))
	f.Fuzz(func(t *testing.T, in []byte, begin, step uint8) {
		var whole, split Decoder
		want, wantErr := decodeWith(t, &whole, whole.Next, in)
		var quick Decoder
		if got, err := decode(t, &quick, in); !slices.Equal(got, want) || !errors.Is(err, wantErr) && err.Error() != wantErr.Error() {
			t.Fatalf("with messages taken whole: got %v, %v, want %v, %v", got, err, want, wantErr)
		}
		cut := min(int(begin), len(in))
		parts := append([][]byte{in[:cut]}, slices.Collect(slices.Chunk(in[cut:], int(step)+1))...)
		got, gotErr := decode(t, &split, parts...)
		for _, kind := range []error{ErrProtocol, ErrUTF8} {
			if errors.Is(wantErr, kind) != errors.Is(gotErr, kind) {
				t.Fatalf("got error %v, want %v", gotErr, wantErr)
			}
		}
		if wantErr == nil && (!slices.Equal(got, want) || whole.Between() != split.Between()) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if len(got) < len(want) || len(want) > 0 && !slices.Equal(got[:len(want)-1], want[:len(want)-1]) {
			t.Fatalf("before the error: got %v, want %v", got, want)
		}
	})
}

// What a client wrote comes out as it went in.
func FuzzDecoderRoundTrip(f *testing.F) {
	f.Add([]byte("hello"), uint32(0x01020304), uint16(2), uint8(3), true)
	f.Add([]byte{}, uint32(0), uint16(0), uint8(0), false)
	f.Add(make([]byte, 70_000), uint32(0xffffffff), uint16(65_535), uint8(250), true)
	f.Fuzz(func(t *testing.T, payload []byte, key uint32, cut uint16, step uint8, control bool) {
		mask := [4]byte{byte(key >> 24), byte(key >> 16), byte(key >> 8), byte(key)}
		at := min(int(cut), len(payload))
		in := maskedFrame(0x02, string(payload[:at]), mask)
		if control {
			in = append(in, maskedFrame(ping, string(payload[:min(at, maxControl)]), mask)...)
		}
		in = append(in, clientFrame(last, string(payload[at:]))...)
		var d Decoder
		got, err := decode(t, &d, slices.Collect(slices.Chunk(in, int(step)+1))...)
		if err != nil {
			t.Fatal(err)
		}
		var data string
		pings := 0
		for _, e := range got {
			switch e.kind {
			case Data:
				data += e.payload
			case Ping:
				pings++
				if e.payload != string(payload[:min(at, maxControl)]) {
					t.Fatalf("got ping %q", e.payload)
				}
			default:
				t.Fatalf("got kind %d", e.kind)
			}
		}
		if data != string(payload) || !d.Between() || (pings == 1) != control {
			t.Fatalf("got %d bytes and %d pings, want %d bytes", len(data), pings, len(payload))
		}
	})
}
