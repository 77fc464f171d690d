package dev.earshot.store;

import dev.earshot.exchange.Header;
import java.util.List;

/** What is done to a body before it is written. */
sealed interface BodyTreatment {

  /**
   * It is kept as it is.
   *
   * @param packable whether it is worth a try to compress it
   */
  record Keep(boolean packable) implements BodyTreatment {}

  /**
   * It is text: decoded, and looked through for secrets.
   *
   * @param headers with its content codings
   * @param form whether it is a form, in which everything is a pair as in a URL
   */
  record Mask(List<Header> headers, boolean form) implements BodyTreatment {
    public Mask {
      headers = List.copyOf(headers);
    }
  }

  /** Nothing of it is kept: it could hold secrets, and cannot be looked through. */
  record Drop() implements BodyTreatment {}
}
