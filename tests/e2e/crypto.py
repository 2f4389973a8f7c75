# SPDX-License-Identifier: Apache-2.0
"""AES from the system's libcrypto, for those who read what is on the wire: counter mode for SRTP, GCM
for TLS. Python's own library has no cipher, and a process for each packet would be slow."""
import ctypes

_lib = ctypes.CDLL("libcrypto.so.3")
_lib.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
for _name in ("EVP_aes_128_ctr", "EVP_aes_128_gcm", "EVP_aes_256_gcm"):
    getattr(_lib, _name).restype = ctypes.c_void_p

_GCM_SET_IVLEN, _GCM_SET_TAG = 0x9, 0x11
GCM_TAG = 16


class _Context:
    def __init__(self):
        self.p = ctypes.c_void_p(_lib.EVP_CIPHER_CTX_new())

    def __enter__(self):
        return self.p

    def __exit__(self, *_):
        _lib.EVP_CIPHER_CTX_free(self.p)


def _must(status):
    if status != 1:
        raise RuntimeError("libcrypto refused a cipher operation")


def aes_ctr(key, counter, data):
    """AES-128 in counter mode: the same operation encrypts and decrypts."""
    if len(key) != 16 or len(counter) != 16:
        raise ValueError("AES-128 wants 16 bytes of key and of counter")
    out, n = ctypes.create_string_buffer(len(data) + 16), ctypes.c_int()
    with _Context() as context:
        cipher = ctypes.c_void_p(_lib.EVP_aes_128_ctr())
        _must(_lib.EVP_EncryptInit_ex(context, cipher, None, key, counter))
        _must(_lib.EVP_EncryptUpdate(context, out, ctypes.byref(n), data, len(data)))
    return out.raw[:n.value]


def gcm_open(key, nonce, aad, sealed):
    """AES-GCM: the plain text, or None when the tag does not fit."""
    body, tag = sealed[:-GCM_TAG], sealed[-GCM_TAG:]
    out, n = ctypes.create_string_buffer(len(body) + 16), ctypes.c_int()
    rest = ctypes.create_string_buffer(16)
    name = {16: "EVP_aes_128_gcm", 32: "EVP_aes_256_gcm"}[len(key)]
    with _Context() as context:
        cipher = ctypes.c_void_p(getattr(_lib, name)())
        _must(_lib.EVP_DecryptInit_ex(context, cipher, None, None, None))
        _must(_lib.EVP_CIPHER_CTX_ctrl(context, _GCM_SET_IVLEN, len(nonce), None))
        _must(_lib.EVP_DecryptInit_ex(context, None, None, key, nonce))
        _must(_lib.EVP_DecryptUpdate(context, None, ctypes.byref(n), aad, len(aad)))
        _must(_lib.EVP_DecryptUpdate(context, out, ctypes.byref(n), body, len(body)))
        length = n.value
        _must(_lib.EVP_CIPHER_CTX_ctrl(context, _GCM_SET_TAG, GCM_TAG, tag))
        if _lib.EVP_DecryptFinal_ex(context, rest, ctypes.byref(n)) != 1:
            return None
    return out.raw[:length]
