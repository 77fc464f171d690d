/** One owned session: a process tree, a proxy and one ordered event log. */
@NullMarked
package dev.earshot.session;

import org.jspecify.annotations.NullMarked;
