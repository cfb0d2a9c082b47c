//go:build linux

package netns

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ethtool commands that switch one offload each (include/uapi/linux/ethtool.h).
const (
	ethtoolSTXCSUM = 0x17
	ethtoolSTSO    = 0x1f
	ethtoolSGSO    = 0x24
	ethtoolSGRO    = 0x2c
)

// Offload switches segmentation offload, and with it checksum offload, of an interface on or off. With
// offload on, captures on this host show giant segments and unfilled checksums, as on most machines.
func (n *NS) Offload(ifname string, on bool) error {
	return n.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		cmds := []uint32{ethtoolSTSO, ethtoolSGSO, ethtoolSGRO, ethtoolSTXCSUM}
		if on {
			cmds = []uint32{ethtoolSTXCSUM, ethtoolSGSO, ethtoolSTSO}
		}
		for _, cmd := range cmds {
			value := struct{ cmd, data uint32 }{cmd: cmd}
			if on {
				value.data = 1
			}
			var req struct {
				name [unix.IFNAMSIZ]byte
				data unsafe.Pointer
				_    [16]byte
			}
			copy(req.name[:], ifname)
			req.data = unsafe.Pointer(&value)
			if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL,
				uintptr(unsafe.Pointer(&req))); errno != 0 && errno != unix.EOPNOTSUPP {
				return fmt.Errorf("ethtool command %#x on %s: %w", cmd, ifname, errno)
			}
		}
		return nil
	})
}
