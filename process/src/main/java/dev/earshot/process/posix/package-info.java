/** Calls of the C library: the only place that names java.lang.foreign. No rules, no state. */
@NullMarked
package dev.earshot.process.posix;

import org.jspecify.annotations.NullMarked;
