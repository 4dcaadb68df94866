package metrics

import "syscall"

func (s Sources) readFolders(gauge gauge, _ tally) {
	for name, path := range s.Folders {
		var disk syscall.Statfs_t
		if syscall.Statfs(path, &disk) != nil {
			continue // absent is what the alert looks for
		}
		block := float64(disk.Bsize)
		gauge("pecete_disk_available_bytes", "Room that is left to this process on the disk of a folder.", block*float64(disk.Bavail), "folder", name)
		gauge("pecete_disk_size_bytes", "Size of the disk of a folder.", block*float64(disk.Blocks), "folder", name)
	}
}
