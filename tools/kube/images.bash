# Sourced: container images put together with tar and sha256sum, without any container engine. The
# same files with the same modes give the same archive, byte for byte; it is what `docker save` writes,
# so tools/e2e-kube import and `ctr image import` take it.

# Owners, times and order would differ from run to run; modes are the image's own.
deterministic_tar() {
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --format=gnu "$@"
}

# image NAME DIR ENTRYPOINT_JSON ARCHIVE: everything in DIR becomes the one layer of localhost/NAME:1
# (NAME:TAG names another tag). Pods refer to it with imagePullPolicy Never or IfNotPresent: nothing
# listens at "localhost/", so a typing error cannot fetch a stranger's image.
image() {
    local name=$1 dir=$2 entrypoint=$3 archive=$4 work architecture layer config
    [[ $name == *:* ]] || name+=:1
    [[ $entrypoint == \[*\] ]] || die "image $name: the entry point is a JSON list such as '[\"/bin/agent\"]', not $entrypoint"
    [[ -d $dir ]] || die "image $name: no directory $dir"
    architecture=$(dpkg --print-architecture)
    work=$(mktemp --directory)
    deterministic_tar --directory "$dir" --create --file "$work/layer.tar" .
    layer=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
    cat >"$work/config.json" <<END
{"architecture":"$architecture","os":"linux","created":"1970-01-01T00:00:00Z","config":{"Env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"Entrypoint":$entrypoint},"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]}}
END
    config=$(sha256sum "$work/config.json" | cut -d' ' -f1)
    mv "$work/config.json" "$work/$config.json"
    printf '[{"Config":"%s.json","RepoTags":["localhost/%s"],"Layers":["layer.tar"]}]' "$config" "$name" >"$work/manifest.json"
    deterministic_tar --directory "$work" --create --file "$archive.$$" manifest.json "$config.json" layer.tar
    mv "$archive.$$" "$archive"
    rm -r "$work"
}

# pause_image ARCHIVE: the sandbox's image, localhost/pause:1.
pause_image() {
    local dir
    dir=$(mktemp --directory)
    chmod 755 "$dir"
    gcc -Os -static -s -Wl,--build-id=none -o "$dir/pause" "$root/tools/kube/pause.c" ||
        die "the pause program was not built: the compiler's message is above"
    chmod 755 "$dir/pause"
    image pause "$dir" '["/pause"]' "$1"
    rm -r "$dir"
}
