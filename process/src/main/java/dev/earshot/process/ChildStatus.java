package dev.earshot.process;

import java.util.OptionalInt;

/**
 * How a child ended, as the kernel says: exactly one of code and signal is there.
 *
 * @param userMicros processor time in microseconds, with that of its children it waited for
 * @param maxRssKib peak memory in KiB
 */
record ChildStatus(
    OptionalInt code,
    OptionalInt signal,
    boolean coreDumped,
    long userMicros,
    long systemMicros,
    long maxRssKib) {}
