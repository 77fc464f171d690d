package dev.earshot.store;

import java.time.Duration;

/**
 * How much a capture keeps, and holds while it waits to be written.
 *
 * @param body bytes that are kept of one body; 0 keeps none
 * @param waitingBodies bytes of bodies that may wait; past it bodies are given up
 * @param waitingMetadata bytes of everything else that may wait; past it new exchanges are to wait
 *     a moment
 * @param mostMetadata past it the capture is turned off
 * @param held bytes of one body that are held until its exchange ends, so that equal bodies are
 *     kept once
 * @param heldTogether bytes of all bodies that are held
 * @param pace between two commits
 * @param pendingAfter how long an exchange may go on before it is written as pending
 * @param patience how long nothing may be written until the capture is turned off
 * @param finish how long closing may take
 */
public record CaptureLimits(
    long body,
    long waitingBodies,
    long waitingMetadata,
    long mostMetadata,
    int held,
    long heldTogether,
    Duration pace,
    Duration pendingAfter,
    Duration patience,
    Duration finish) {
  private static final int MIB = 1 << 20;

  /** 1 MiB of each body; 32 MiB of bodies and 32 MiB of metadata may wait. */
  public static final CaptureLimits DEFAULT =
      new CaptureLimits(
          MIB,
          32 * MIB,
          32 * MIB,
          128 * MIB,
          256 << 10,
          16 * MIB,
          Duration.ofMillis(50),
          Duration.ofMillis(100),
          Duration.ofSeconds(5),
          Duration.ofSeconds(2));

  /** The same with another size that is kept of each body. */
  public CaptureLimits withBody(long bytes) {
    return new CaptureLimits(
        bytes,
        waitingBodies,
        waitingMetadata,
        mostMetadata,
        held,
        heldTogether,
        pace,
        pendingAfter,
        patience,
        finish);
  }
}
