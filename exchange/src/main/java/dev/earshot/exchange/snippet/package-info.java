/**
 * An exchange as text for other tools: a program or a command that sends its request again, or a
 * report. Pure: what to write is decided from values and the bytes of a body.
 */
@NullMarked
package dev.earshot.exchange.snippet;

import org.jspecify.annotations.NullMarked;
