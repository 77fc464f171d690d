package dev.earshot.store;

import dev.earshot.exchange.Direction;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An exchange that goes on, or ended just now: what is known of it and not written yet. The writing
 * thread's. Once its start is written, that is dropped: what lives long stays small.
 */
final class OpenExchange {
  /** What is to be written of it now. */
  enum Due {
    NOTHING,
    /** Its row, and all that is known. */
    INSERT,
    /** What came since. */
    UPDATE
  }

  private final long id;
  private final long born;
  private final long startedAt;
  private final HeldBody request;
  private HeldBody response;
  private ExchangeFacts.@Nullable Start start;
  private ExchangeFacts.@Nullable Response head;
  private ExchangeFacts.@Nullable End end;
  private int flags;
  private boolean changed;
  private boolean told;
  private boolean listed;

  /**
   * @param born when it was told of, in nanoseconds
   */
  OpenExchange(
      long id,
      long born,
      ExchangeFacts.Start start,
      int flags,
      HeldBody request,
      HeldBody response) {
    this.id = id;
    this.born = born;
    this.startedAt = start.at();
    this.start = start;
    this.flags = flags;
    this.request = request;
    this.response = response;
  }

  long id() {
    return id;
  }

  long born() {
    return born;
  }

  /** In microseconds since the epoch. */
  long startedAt() {
    return startedAt;
  }

  int flags() {
    return flags;
  }

  void add(Flag flag) {
    if (!flag.in(flags)) {
      flags |= flag.bit();
      changed = true;
    }
  }

  HeldBody body(Direction direction) {
    return switch (direction) {
      case UP -> request;
      case DOWN -> response;
    };
  }

  void respond(ExchangeFacts.Response with, HeldBody body) {
    head = with;
    response = body;
    changed = true;
  }

  void end(ExchangeFacts.End how) {
    end = how;
    changed = true;
  }

  /** Something of it was seen by itself, such as a message: it is to be listed at once. */
  void tell() {
    told = true;
    changed = true;
  }

  boolean isEnded() {
    return end != null;
  }

  /** Puts it on the list of those to look at; false if it is on it. */
  boolean list() {
    boolean first = !listed;
    listed = true;
    return first;
  }

  boolean isInserted() {
    return start == null;
  }

  Optional<ExchangeFacts.Start> start() {
    return Optional.ofNullable(start);
  }

  Optional<ExchangeFacts.Response> head() {
    return Optional.ofNullable(head);
  }

  Optional<ExchangeFacts.End> end() {
    return Optional.ofNullable(end);
  }

  /** Bytes of bodies that wait. */
  int held() {
    return request.held() + response.held();
  }

  /** Those that may be written before its end. */
  boolean hasPieces() {
    return hasPieces(request) || hasPieces(response);
  }

  private static boolean hasPieces(HeldBody body) {
    return body.held() > 0 && !body.mustBeWhole();
  }

  /**
   * What is to be written now.
   *
   * @param age in nanoseconds
   */
  Due due(long age, CaptureLimits limits, boolean crowded) {
    if (isInserted()) {
      return changed || hasPieces() ? Due.UPDATE : Due.NOTHING;
    }
    boolean large = request.held() > limits.held() || response.held() > limits.held();
    return end != null
            || told
            || age >= limits.pendingAfter().toNanos()
            || (hasPieces() && (large || crowded))
        ? Due.INSERT
        : Due.NOTHING;
  }

  /** What was due is written. */
  void written() {
    start = null;
    head = null;
    changed = false;
    listed = false;
  }

  /** It is not due yet, and is looked at again when something comes, or when it is old enough. */
  void unlist() {
    listed = false;
  }
}
