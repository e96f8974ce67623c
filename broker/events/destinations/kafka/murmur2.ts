const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const SHIFT = 24;

/**
 * MurmurHash2 in 32 bits, seeded as Kafka's own producers do it: events of one key have to be in
 * the partition in which anybody else's producer would put them. (That of @platformatic/kafka takes
 * 20 s for a key of 256 KiB, which a client that sends CloudEvents may choose.)
 */
export function murmur2(bytes: Buffer): number {
  const tail = bytes.length & ~3;
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < tail; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), MULTIPLIER);
    word = Math.imul(word ^ (word >>> SHIFT), MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  if (tail < bytes.length) {
    for (let at = tail; at < bytes.length; at += 1) hash ^= bytes[at]! << (8 * (at - tail));
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** Modulo the number of partitions, where Kafka's default partitioner puts a record of this key. */
export function partitionHash(key: Buffer): number {
  return murmur2(key) & 0x7fffffff;
}
