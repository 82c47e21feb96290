# What the other lanes need.
check install third_party/install.sh --ci
