/*
 * sync.h - making names durable: a file that is synced can still be gone after a crash when its folder was not.
 */
#ifndef ZP_BASE_SYNC_H
#define ZP_BASE_SYNC_H

/* Syncs the folder itself, that is, the names in it. 0 or errno. Any thread. */
int zp_sync_folder(const char *path);

#endif
