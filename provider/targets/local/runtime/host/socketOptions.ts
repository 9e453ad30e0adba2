/** Socket options of `wasi:sockets`: kept and given back; the system's own are not touched. */
import { WitError } from "./errors.ts";

function positive<T extends number | bigint>(value: T): T {
  if (value <= 0) throw new WitError("invalid-argument");
  return value;
}

export class SocketOptions {
  #hopLimit = 64;
  #receiveBuffer = 65_536n;
  #sendBuffer = 65_536n;
  hopLimit(): number {
    return this.#hopLimit;
  }
  setHopLimit(value: number): void {
    this.#hopLimit = positive(value);
  }
  unicastHopLimit(): number {
    return this.#hopLimit;
  }
  setUnicastHopLimit(value: number): void {
    this.#hopLimit = positive(value);
  }
  receiveBufferSize(): bigint {
    return this.#receiveBuffer;
  }
  setReceiveBufferSize(value: bigint): void {
    this.#receiveBuffer = positive(value);
  }
  sendBufferSize(): bigint {
    return this.#sendBuffer;
  }
  setSendBufferSize(value: bigint): void {
    this.#sendBuffer = positive(value);
  }
}

export class TcpOptions extends SocketOptions {
  #keepAlive = false;
  #idleTime = 7_200_000_000_000n;
  #interval = 75_000_000_000n;
  #count = 9;
  keepAliveEnabled(): boolean {
    return this.#keepAlive;
  }
  setKeepAliveEnabled(value: boolean): void {
    this.#keepAlive = value;
  }
  keepAliveIdleTime(): bigint {
    return this.#idleTime;
  }
  setKeepAliveIdleTime(value: bigint): void {
    this.#idleTime = positive(value);
  }
  keepAliveInterval(): bigint {
    return this.#interval;
  }
  setKeepAliveInterval(value: bigint): void {
    this.#interval = positive(value);
  }
  keepAliveCount(): number {
    return this.#count;
  }
  setKeepAliveCount(value: number): void {
    this.#count = positive(value);
  }
  setListenBacklogSize(value: bigint): void {
    positive(value);
  }
}
