package main

import "testing"

func TestMemorySize(t *testing.T) {
	for in, want := range map[string]string{
		"64M": "64M", "67108864": "64M", "512m": "512M", "1G": "1G", "1GiB": "1G", "4gb": "4G", "1536M": "1536M", "2T": "2T", "1048576k": "1G",
		"": "", "G": "", "-1G": "", "1.5G": "", "1E": "", "63M": "", "0": "", "9999999999T": "", "1GG": "", "7 G": "",
	} {
		var m memorySize
		switch err := m.Set(in); {
		case err != nil && want != "":
			t.Errorf("%q: %v", in, err)
		case err == nil && m.String() != want:
			t.Errorf("%q is read as %v, want %q", in, &m, want)
		}
	}
}

func TestConnectionCount(t *testing.T) {
	for _, in := range []string{"", "0", "-1", "1e6", "4294967296", "99999999999999999999"} {
		var c connectionCount
		if c.Set(in) == nil {
			t.Errorf("%q is read as %v", in, &c)
		}
	}
}
