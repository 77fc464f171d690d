/** The capturing proxy: serves clients, dials upstreams, reports every exchange. */
@NullMarked
package dev.earshot.proxy;

import org.jspecify.annotations.NullMarked;
