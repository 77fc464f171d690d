@NullMarked
package dev.earshot.proxy.tls;

import org.jspecify.annotations.NullMarked;
