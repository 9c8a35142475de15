/**
 * A port to try. Not one that the system gives to outgoing connections (from 32768 on Linux, 49152 elsewhere): while a server that
 * is to come back to its port is away, another's connection could take it, or a client that tries again and again could be
 * connected to itself (a TCP simultaneous open).
 */
export const portToTry = (): number => 20_000 + Math.floor(Math.random() * 12_000)

/** So many ports are tried before something else must be wrong. */
export const PORTS_TO_TRY = 50
