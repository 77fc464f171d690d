package dev.earshot.proxy;

import org.jspecify.annotations.Nullable;

/**
 * Where all requests of a decrypted tunnel go.
 *
 * @param key the upstream, found and verified when the tunnel was made
 * @param failure why it cannot be used, which every request is answered with
 */
record Origin(UpstreamKey key, @Nullable DialFailure failure) {}
