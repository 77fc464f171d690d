/** Exchanges as values: heads, failures, timings, redaction. No I/O. */
@NullMarked
package dev.earshot.exchange;

import org.jspecify.annotations.NullMarked;
