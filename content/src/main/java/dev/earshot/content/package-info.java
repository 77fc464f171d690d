/**
 * What is in bodies, for display: content codings (RFC 9110 section 8.4) and the messages of
 * WebSockets, server-sent events and gRPC. It only looks: nothing here decides what goes on the
 * wire, and nothing throws on any input.
 */
@NullMarked
package dev.earshot.content;

import org.jspecify.annotations.NullMarked;
