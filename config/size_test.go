package config

import "testing"

func TestSize(t *testing.T) {
	for _, test := range []struct {
		text string
		want Size
		show string
	}{
		{"0", 0, "0B"},
		{"1", 1, "1B"},
		{"100B", 100, "100B"},
		{"1024", KiB, "1KiB"},
		{"64KiB", 64 * KiB, "64KiB"},
		{"1536KiB", 1536 * KiB, "1536KiB"},
		{"16MiB", 16 * MiB, "16MiB"},
		{"1024MiB", GiB, "1GiB"},
		{"9223372036854775807", 1<<63 - 1, "9223372036854775807B"},
		{"8589934591GiB", 8589934591 * GiB, "8589934591GiB"},
	} {
		var s Size
		if err := s.UnmarshalText([]byte(test.text)); err != nil || s != test.want || s.String() != test.show {
			t.Errorf("%q: got %d (%v), %v, want %d (%s)", test.text, int64(s), s, err, int64(test.want), test.show)
		}
	}
	for _, text := range []string{
		"", "B", "KiB", "-1", "+1", " 1", "1 KiB", "1.5MiB", "64K", "64kb", "64KB", "64kib", "1TiB", "1KiBB", "1KiBKiB", "0x10",
		"9223372036854775808", "8589934592GiB", "9999999999999999999999",
	} {
		s := Size(7)
		if err := s.UnmarshalText([]byte(text)); err == nil || s != 7 {
			t.Errorf("%q: got %v, want an error and the size as it was", text, s)
		}
	}
}

// FuzzSize: what is read is not negative, and written and read again it is the
// same.
func FuzzSize(f *testing.F) {
	for _, seed := range []string{"0", "65536", "64KiB", "1GiB", "8589934592GiB", "-1", "1e3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var first, second Size
		if first.UnmarshalText([]byte(text)) != nil {
			return
		}
		if first < 0 {
			t.Fatalf("%q: got %d", text, int64(first))
		}
		if err := second.UnmarshalText([]byte(first.String())); err != nil || second != first {
			t.Errorf("%q: got %v and then %v, %v", text, first, second, err)
		}
	})
}
