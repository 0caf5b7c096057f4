/** What Docker gives every container (moby, oci/caps/defaults.go). */
const givenByDocker = new Set(
  ('AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW ' + 'SETFCAP SETGID SETPCAP SETUID SYS_CHROOT').split(
    ' ',
  ),
)

/** Docker accepts any case, with or without `CAP_`. */
export const capabilityName = (written: string): string => written.trim().toUpperCase().replace(/^CAP_/, '')

export const isGivenAnyway = (name: string): boolean => givenByDocker.has(name)
