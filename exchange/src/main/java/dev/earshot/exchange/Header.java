package dev.earshot.exchange;

import java.util.Locale;

/**
 * One header line as it was on the wire: case and order are kept, and repeats are separate headers.
 *
 * @param name the field name, as written
 * @param value the field value without surrounding white space; each char is one byte (ISO 8859-1)
 */
public record Header(String name, String value) {

  /** Whether this header has the name, compared without case (RFC 9110 section 5.1). */
  public boolean is(String other) {
    return name.equalsIgnoreCase(other);
  }

  /** The name in lower case. */
  public String lowerCaseName() {
    return name.toLowerCase(Locale.ROOT);
  }
}
