/**
 * A port to try, below those that the system gives to outgoing connections (from 32768 on Linux, 49152
 * elsewhere). While a server is away that is to come back to its port, another's connection could take
 * such a port, or a client that keeps trying could be connected to itself (a TCP simultaneous open).
 */
export const portToTry = (): number => 20_000 + Math.floor(Math.random() * 12_000)

/** So many ports are tried before something else must be wrong. */
export const PORTS_TO_TRY = 50
