ingress_fuzz(tls_record common_tls)
