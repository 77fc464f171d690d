/** What is kept of a session: the capture file, and what is exported of it. */
@NullMarked
package dev.earshot.store;

import org.jspecify.annotations.NullMarked;
