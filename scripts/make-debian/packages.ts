/** What is in the stock Debian beside Debian's essential packages. */

/** The last release that has kernels for 32-bit processors. */
export const RELEASE = 'bookworm';

export const PACKAGES = [
  // What makes it a system that boots by itself.
  ...['linux-image-686', 'initramfs-tools', 'systemd-sysv', 'udev', 'kmod', 'dbus'],
  ...['iproute2', 'netbase', 'procps', 'login', 'passwd', 'less', 'file'],
  // What the session runs.
  ...['python3', 'sqlite3', 'perl', 'gcc', 'libc6-dev', 'make', 'git', 'openssl', 'openssh-client'],
  ...['curl', 'ca-certificates', 'tar', 'gzip', 'xz-utils', 'strace'],
];
