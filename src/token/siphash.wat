;; SipHash-2-4 with 128-bit output (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, and the
;; 128-bit variant of the authors' reference code), with states that can be kept and continued: a constant
;; prefix is absorbed once, and each message pays for its own bytes only.
;;
;; A state is four little-endian i64, v0 to v3. All addresses are byte offsets into the imported memory.
;; WebAssembly has no macros, hence the SipRound spelled out; siphash-wasm.ts is this file compiled.
(module
  (import "env" "memory" (memory 1))

  ;; Writes the initial state of the 16-byte key at $key to $state.
  (func (export "init") (param $key i32) (param $state i32)
    (local $k0 i64) (local $k1 i64)
    (local.set $k0 (i64.load (local.get $key)))
    (local.set $k1 (i64.load offset=8 (local.get $key)))
    (i64.store (local.get $state) (i64.xor (local.get $k0) (i64.const 0x736f6d6570736575)))
    ;; 0x646f72616e646f6d ^ 0xee: the 128-bit variant sets itself apart from the 64-bit one
    (i64.store offset=8 (local.get $state) (i64.xor (local.get $k1) (i64.const 0x646f72616e646f83)))
    (i64.store offset=16 (local.get $state) (i64.xor (local.get $k0) (i64.const 0x6c7967656e657261)))
    (i64.store offset=24 (local.get $state) (i64.xor (local.get $k1) (i64.const 0x7465646279746573))))

  ;; Continues $state with $length bytes at $message ($length a multiple of 8) and writes the result to $target.
  (func (export "absorb") (param $state i32) (param $message i32) (param $length i32) (param $target i32)
    (local $v0 i64) (local $v1 i64) (local $v2 i64) (local $v3 i64) (local $m i64) (local $end i32)
    (local.set $v0 (i64.load offset=0 (local.get $state)))
    (local.set $v1 (i64.load offset=8 (local.get $state)))
    (local.set $v2 (i64.load offset=16 (local.get $state)))
    (local.set $v3 (i64.load offset=24 (local.get $state)))
    (local.set $end (i32.add (local.get $message) (local.get $length)))
    (block $done
      (loop $blocks
        (br_if $done (i32.ge_u (local.get $message) (local.get $end)))
        (local.set $m (i64.load (local.get $message)))
        (local.set $v3 (i64.xor (local.get $v3) (local.get $m)))
        ;; SipRound
        (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
        (local.set $v0 (i64.add (i64.rotl (local.get $v0) (i64.const 32)) (local.get $v3)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
        (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
        ;; SipRound
        (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
        (local.set $v0 (i64.add (i64.rotl (local.get $v0) (i64.const 32)) (local.get $v3)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
        (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
        (local.set $v0 (i64.xor (local.get $v0) (local.get $m)))
        (local.set $message (i32.add (local.get $message) (i32.const 8)))
        (br $blocks)))
    (i64.store (local.get $target) (local.get $v0))
    (i64.store offset=8 (local.get $target) (local.get $v1))
    (i64.store offset=16 (local.get $target) (local.get $v2))
    (i64.store offset=24 (local.get $target) (local.get $v3)))

  ;; Continues $state with the $length bytes at $message, the last of a message of $total bytes, and writes the
  ;; 16-byte tag to $out. Reads up to 7 bytes past the message and ignores them.
  (func (export "finish") (param $state i32) (param $message i32) (param $length i32) (param $total i32) (param $out i32)
    (local $v0 i64) (local $v1 i64) (local $v2 i64) (local $v3 i64) (local $m i64) (local $end i32)
    (local.set $v0 (i64.load offset=0 (local.get $state)))
    (local.set $v1 (i64.load offset=8 (local.get $state)))
    (local.set $v2 (i64.load offset=16 (local.get $state)))
    (local.set $v3 (i64.load offset=24 (local.get $state)))
    (local.set $end (i32.add (local.get $message) (i32.and (local.get $length) (i32.const -8))))
    (block $done
      (loop $blocks
        (local.set $m (i64.load (local.get $message)))
        (if (i32.eq (local.get $message) (local.get $end))
          (then ;; the last block: the 0 to 7 bytes that are left, and the total length mod 256 on top
            (local.set $m (i64.or
              (i64.and (local.get $m)
                (i64.sub (i64.shl (i64.const 1) (i64.extend_i32_u (i32.shl (i32.and (local.get $length) (i32.const 7)) (i32.const 3))))
                  (i64.const 1)))
              (i64.shl (i64.extend_i32_u (local.get $total)) (i64.const 56))))))
        (local.set $v3 (i64.xor (local.get $v3) (local.get $m)))
        ;; SipRound
        (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
        (local.set $v0 (i64.add (i64.rotl (local.get $v0) (i64.const 32)) (local.get $v3)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
        (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
        ;; SipRound
        (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
        (local.set $v0 (i64.add (i64.rotl (local.get $v0) (i64.const 32)) (local.get $v3)))
        (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
        (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
        (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
        (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
        (local.set $v0 (i64.xor (local.get $v0) (local.get $m)))
        (br_if $done (i32.eq (local.get $message) (local.get $end)))
        (local.set $message (i32.add (local.get $message) (i32.const 8)))
        (br $blocks)))
    (local.set $v2 (i64.xor (local.get $v2) (i64.const 0xee)))
    (local.set $end (i32.add (local.get $out) (i32.const 16)))
    (loop $halves
      ;; SipRound
      (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
      (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
      (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
      (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
      (local.set $v0 (i64.add (i64.rotl (local.get $v0) (i64.const 32)) (local.get $v3)))
      (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
      (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
      (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
      (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
      ;; SipRound
      (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
      (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
      (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
      (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
      (local.set $v0 (i64.add (i64.rotl (local.get $v0) (i64.const 32)) (local.get $v3)))
      (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
      (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
      (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
      (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
      ;; SipRound
      (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
      (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
      (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
      (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
      (local.set $v0 (i64.add (i64.rotl (local.get $v0) (i64.const 32)) (local.get $v3)))
      (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
      (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
      (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
      (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
      ;; SipRound
      (local.set $v0 (i64.add (local.get $v0) (local.get $v1)))
      (local.set $v2 (i64.add (local.get $v2) (local.get $v3)))
      (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 13)) (local.get $v0)))
      (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 16)) (local.get $v2)))
      (local.set $v0 (i64.add (i64.rotl (local.get $v0) (i64.const 32)) (local.get $v3)))
      (local.set $v2 (i64.add (local.get $v2) (local.get $v1)))
      (local.set $v3 (i64.xor (i64.rotl (local.get $v3) (i64.const 21)) (local.get $v0)))
      (local.set $v1 (i64.xor (i64.rotl (local.get $v1) (i64.const 17)) (local.get $v2)))
      (local.set $v2 (i64.rotl (local.get $v2) (i64.const 32)))
      (i64.store (local.get $out)
        (i64.xor (i64.xor (local.get $v0) (local.get $v1)) (i64.xor (local.get $v2) (local.get $v3))))
      (local.set $v1 (i64.xor (local.get $v1) (i64.const 0xdd)))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (br_if $halves (i32.lt_u (local.get $out) (local.get $end))))))
